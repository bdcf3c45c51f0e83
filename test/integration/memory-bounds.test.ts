import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { MAIN } from '../support/command-line.ts'
import { serve } from '../support/serve.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** Most memory that a process has had resident so far, in MiB; Linux only. */
function peakMebibytes(pid: number): number {
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kibibytes) / 1024
}

/** Waits until a figure no longer changes. */
async function settled(figure: () => number): Promise<number> {
  for (let before = -1; ; ) {
    const now = figure()
    if (now === before) return now
    before = now
    await delay(400)
  }
}

test.skipIf(process.platform !== 'linux')(
  'a reader that does not read holds the process still, and in bounds',
  async () => {
    using folder = temporaryFolder()
    const count = 60
    // Each becomes 4 MB of records, 240 MB together.
    const path = `/?${'x'.repeat(2000)}`
    await using site = await serve({ '/': `<a>${'<r/>'.repeat(2000)}</a>` })
    folder.write('urls.txt', Array.from({ length: count }, (_, n) => site.url(`${path}${n}`)).join('\n'))
    const child = spawn(process.execPath, [MAIN, '-i', 'urls.txt', '-r', 'r', '-q'], {
      cwd: folder.path,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    while (site.hits() <= 4) await delay(50)
    expect(await settled(() => site.hits())).toBeLessThan(40)
    let lines = 0
    let peak = 0
    for await (const chunk of child.stdout) {
      if (lines === 0 || lines % 1000 < 10) peak = Math.max(peak, peakMebibytes(child.pid ?? 0))
      for (const byte of chunk) if (byte === 10) lines += 1
    }
    expect(lines).toBe(count * 2000)
    expect(peak).toBeLessThan(400)
  },
)
