import { expect, test } from 'vitest'
import { runCommand } from '../support/command-line.ts'
import { answer, faultServer } from '../support/fault-server.ts'
import { preload } from '../support/preload.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const GOOD = 10

/**
 * Names of a resolver of our own: each answers after so many milliseconds, the first time with its first address and later with the next.
 * Every question is told on stderr.
 */
function resolver(
  names: Readonly<Record<string, { readonly afterMs: number; readonly addresses: readonly string[] }>>,
) {
  return preload(`
    import dns from 'node:dns'
    import { syncBuiltinESMExports } from 'node:module'
    const names = ${JSON.stringify(names)}
    const { lookup } = dns
    dns.lookup = (hostname, options, callback) => {
      const name = names[hostname]
      if (name === undefined) return lookup(hostname, options, callback)
      process.stderr.write('<asked ' + hostname + '>')
      setTimeout(() => {
        const address = name.addresses.length > 1 ? name.addresses.shift() : name.addresses[0]
        if (options.all) callback(null, [{ address, family: 4 }])
        else callback(null, address, 4)
      }, name.afterMs)
    }
    syncBuiltinESMExports()
  `)
}

test('a name that answers late is waited for as long as a connection is, and costs its own document alone', async () => {
  using folder = temporaryFolder()
  const routes = Array.from({ length: GOOD }, (_, n) => `/good/${n}`)
  const well = ({ socket }: { socket: { write(bytes: Buffer | string): unknown } }) => socket.write(answer('<a>1</a>'))
  await using site = await faultServer(Object.fromEntries([...routes, '/late'].map((route) => [route, well])))
  const port = new URL(site.url('/')).port
  const late = `http://late.test:${port}/late`
  const never = `http://never.test:${port}/never`
  const { stdout, stderr, exitCode } = await runCommand(
    [...routes.map((route) => site.url(route)), late, never, '--connect-timeout', '10', '--retries', '0'],
    {
      cwd: folder.path,
      env: resolver({
        'late.test': { afterMs: 1000, addresses: ['127.0.0.1'] },
        'never.test': { afterMs: 3_600_000, addresses: ['127.0.0.1'] },
      }),
    },
  )
  const lines = stdout.toString().trimEnd().split('\n')
  expect(lines).toHaveLength(GOOD + 1)
  expect(lines.filter((line) => line.includes(late))).toHaveLength(1)
  // That of the other would have come an hour later.
  expect(stderr).toMatch(/never\.test\S* CONNECT_TIMEOUT/)
  expect(exitCode).toBe(1)
  expect(site.hits('/late')).toBe(1)
})

test('where only public addresses are allowed, a name is asked once, and what it answered is what is judged', async () => {
  using folder = temporaryFolder()
  await using canary = await faultServer({})
  const port = new URL(canary.url('/')).port
  const { stderr, exitCode } = await runCommand(
    [`http://turning.test:${port}/`, '--public-only', '--connect-timeout', '2', '--retries', '0'],
    { cwd: folder.path, env: resolver({ 'turning.test': { afterMs: 0, addresses: ['10.0.0.1', '127.0.0.1'] } }) },
  )
  expect(stderr).toMatch(/ADDRESS_REFUSED/)
  expect(stderr).toContain('turning.test resolves to 10.0.0.1')
  expect(stderr.split('<asked turning.test>')).toHaveLength(2)
  expect(exitCode).toBe(1)
  expect(canary.hits('/')).toBe(0)
})
