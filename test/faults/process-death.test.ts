import { existsSync, readFileSync, statSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { startCommand } from '../support/command-line.ts'
import { answer, type FaultServer, faultServer } from '../support/fault-server.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'

const GOOD = 10
const UNDER_WAY = 'out.ndjson.xmlmill-under-way'

/** `/bad` does the deed, until there is a file `mended`. */
function writeInput(folder: TemporaryFolder, site: FaultServer, deed: string): void {
  const paths = Array.from({ length: GOOD }, (_, n) => `/good/${n}`).toSpliced(2, 0, '/bad')
  folder.write('list.txt', paths.map((path) => site.url(path)).join('\n'))
  folder.write(
    'transform.mjs',
    `import { existsSync } from 'node:fs'
    export default async (record, { url }) => {
      if (url.endsWith('/bad') && !existsSync('mended')) { ${deed} }
      // Long enough that there is always something under way beside it.
      await new Promise((resolve) => setTimeout(resolve, 30))
      return record
    }`,
  )
}

function site(): Promise<FaultServer> {
  const paths = ['/bad', ...Array.from({ length: GOOD }, (_, n) => `/good/${n}`)]
  return faultServer(
    Object.fromEntries(paths.map((path) => [path, ({ socket }) => socket.write(answer('<a><b>1</b></a>'))])),
  )
}

function start(folder: TemporaryFolder, ...more: readonly string[]) {
  const flags = ['-r', 'b', '-o', 'out.ndjson', '--transform', 'transform.mjs', '--retries', '0', '-q']
  return startCommand(['-i', 'list.txt', ...flags, ...more], { cwd: folder.path })
}

function mill(folder: TemporaryFolder, ...more: readonly string[]) {
  return start(folder, ...more).finished
}

function milledPaths(folder: TemporaryFolder): string[] {
  const lines = readFileSync(folder.file('out.ndjson'), 'utf8').trim().split('\n')
  return lines.map((line) => new URL(JSON.parse(line).url).pathname).toSorted()
}

function failures(folder: TemporaryFolder): unknown {
  return JSON.parse(readFileSync(folder.file('summary.json'), 'utf8')).failures
}

const EVERY_GOOD_ONE = Array.from({ length: GOOD }, (_, n) => `/good/${n}`)

describe.each([
  ['an abort', "process.kill(process.pid, 'SIGABRT'); for (;;);"],
  ['a fault in native code', "process.kill(process.pid, 'SIGSEGV'); for (;;);"],
])('%s in a transform', (_, deed) => {
  test('ends one run; the next tries what was under way in a process apart, and fails the culprit alone after its third', async () => {
    using folder = temporaryFolder()
    await using server = await site()
    writeInput(folder, server, deed)
    const first = await mill(folder)
    expect(first.exitCode).toBeGreaterThan(128)
    expect(statSync(folder.file(UNDER_WAY)).mode & 0o777).toBe(0o600)

    const second = await mill(folder, '--summary', 'summary.json')
    expect(second.exitCode).toBe(1)
    expect(failures(folder)).toMatchObject([{ code: 'WORKER_CRASHED', count: 1 }])
    expect(JSON.stringify(failures(folder))).toMatch(/\/bad.*the process that it had to itself ended by SIG/)
    expect(milledPaths(folder)).toEqual(EVERY_GOOD_ONE)
    // Once in the process that it ended, and twice in those apart.
    expect(server.hits('/bad')).toBe(3)

    // Failed documents are tried again, and this one is still under suspicion: no run ends by it any more.
    const third = await mill(folder)
    expect(third.exitCode).toBe(1)
    expect(server.hits('/bad')).toBe(5)
    await server.allClosed()

    // Mended, it is done, and nobody is a suspect any more.
    folder.write('mended', '')
    expect((await mill(folder)).exitCode).toBe(0)
    expect(milledPaths(folder)).toEqual(['/bad', ...EVERY_GOOD_ONE])
    expect(existsSync(folder.file(UNDER_WAY))).toBe(false)
  })
})

test('a document that was only under way beside it, and kills from outside, are charged to nobody', async () => {
  using folder = temporaryFolder()
  await using server = await site()
  writeInput(folder, server, "while (!existsSync('mended')) {}")
  // More often than a document may end the process that it is in.
  for (let kill = 0; kill < 4; kill++) {
    const { child, finished } = start(folder)
    while (server.hits('/bad') <= kill) await new Promise((resolve) => setTimeout(resolve, 20))
    child.kill('SIGKILL')
    expect((await finished).exitCode).toBe(128 + 9)
    await server.allClosed()
  }
  folder.write('mended', '')
  expect((await start(folder).finished).exitCode).toBe(0)
  expect(milledPaths(folder)).toEqual(['/bad', ...EVERY_GOOD_ONE])
  expect(existsSync(folder.file(UNDER_WAY))).toBe(false)
})
