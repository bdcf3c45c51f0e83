/** What is to happen in the program's process before it begins: for faults of the system that cannot be had otherwise. */

/** The environment in which this module is run first. */
export function preload(source: string): Readonly<Record<string, string>> {
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(source)}` }
}

/** Every SQLite database whose name ends so has these settings from its first statement on, and waits for a lock a moment only. */
export function sqliteSettings(end: string, settings: string): Readonly<Record<string, string>> {
  return preload(`
    import { DatabaseSync } from 'node:sqlite'
    const { exec } = DatabaseSync.prototype
    const seen = new WeakSet()
    DatabaseSync.prototype.exec = function (sql) {
      exec.call(this, sql)
      if (seen.has(this) || !this.location()?.endsWith(${JSON.stringify(end)})) return
      seen.add(this)
      exec.call(this, 'PRAGMA busy_timeout = 100; ' + ${JSON.stringify(settings)})
    }
  `)
}

/** Every sync of a file fails as on a broken disk, and says so on stderr. */
export const FAILING_SYNC = preload(`
  import { open } from 'node:fs/promises'
  const handle = await open(process.execPath)
  const fail = async () => {
    process.stderr.write('<sync>')
    throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO', errno: -5, syscall: 'fdatasync' })
  }
  Object.assign(Object.getPrototypeOf(handle), { datasync: fail, sync: fail })
  await handle.close()
`)
