import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { type Given, type Listed, listDocuments, type SourceOptions } from '../../src/sources/source.ts'

const cwd = realpathSync(mkdtempSync(join(tmpdir(), 'sources-')))
afterAll(() => rmSync(cwd, { recursive: true }))

const NOTHING: Given = { arguments: [] }

/** On a busy machine a collector in threads of its own falls behind, and what it has not got to yet counts as memory. */
const COLLECTS_AT_ONCE = ['--single-threaded-gc']

function list(given: Given, options: Partial<SourceOptions> = {}) {
  return listDocuments(given, { inputFiles: [], keepDuplicates: false, cwd, ...options })
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const array: T[] = []
  for await (const item of items) array.push(item)
  return array
}

async function collect(given: Given, options?: Partial<SourceOptions>): Promise<Listed[]> {
  return all(list(given, options))
}

/** URLs of documents, and messages of bad lines. */
async function shown(given: Given, options?: Partial<SourceOptions>): Promise<string[]> {
  const listed = await collect(given, options)
  return listed.map((item) => (item.kind === 'document' ? item.document.url : item.line.failure.message))
}

function file(name: string, content: string | Uint8Array): string {
  writeFileSync(join(cwd, name), content)
  return name
}

test('numbers documents and bad lines in the order of the list, without dropped duplicates', async () => {
  const urls = file('numbers.txt', 'http://h/1\nhtp://x\nhttp://h/1#again\nhttps://H/2\n')
  const documents = list(NOTHING, { inputFiles: [urls] })
  expect(await all(documents)).toEqual([
    { kind: 'document', document: { id: 0, url: 'http://h/1', host: 'h:80' } },
    {
      kind: 'bad-line',
      line: {
        id: 1,
        url: 'htp://x',
        failure: {
          code: 'URL_INVALID',
          disposition: 'fail',
          message: 'numbers.txt:2: "htp://x" is not an http, https or file URL (its scheme is htp:)',
        },
      },
    },
    { kind: 'document', document: { id: 2, url: 'https://H/2', host: 'h:443' } },
  ])
  expect(documents.duplicates).toBe(1)
})

test('mills a URL once for every time it is listed when duplicates are kept', async () => {
  const documents = list({ urls: ['http://h/1', 'http://h/1'] }, { keepDuplicates: true })
  expect((await all(documents)).map((item) => item.kind === 'document' && item.document.id)).toEqual([0, 1])
  expect(documents.duplicates).toBe(0)
})

test('drops duplicates across arguments and lists', async () => {
  const documents = list(
    { arguments: ['http://h/[1-3]'] },
    { inputFiles: [file('again.txt', 'http://h/2\nhttp://h/4\n')] },
  )
  const listed = await all(documents)
  expect(listed.length).toBe(4)
  expect(documents.duplicates).toBe(1)
})

test('expands ranges in arguments, but not in lists nor in the URLs of a program', async () => {
  expect(await shown({ arguments: ['http://h/[1-2]'] })).toEqual(['http://h/1', 'http://h/2'])
  expect(await shown(NOTHING, { inputFiles: [file('range.txt', 'http://h/[1-2]\n')] })).toEqual(['http://h/[1-2]'])
  expect(await shown({ urls: ['http://h/[1-2]', 'http://h/{a,b}'] })).toEqual(['http://h/[1-2]', 'http://h/{a,b}'])
})

test('takes sets in the scheme of an argument', async () => {
  expect(await shown({ arguments: ['{http,https}://h/'] })).toEqual(['http://h/', 'https://h/'])
})

test('names the argument whose range is malformed, and goes on', async () => {
  expect(await shown({ arguments: ['http://u:secret@h/[3-1]', 'http://h/'] })).toEqual([
    expect.stringMatching(/^argument 1: "http:\/\/\*\*\*@h\/\[3-1]": \[3-1] runs backwards/),
    'http://h/',
  ])
})

test('finds local files by wildcards, in the order of their names and without folders', async () => {
  mkdirSync(join(cwd, 'data', 'sub.xml', 'deep'), { recursive: true })
  const names = ['data/b.xml', 'data/a.xml', 'data/sub.xml/deep/c.xml', 'data/d #%.xml']
  for (const name of names) file(name, '<a/>')
  expect(await shown({ arguments: ['data/*.xml'] })).toEqual(
    ['data/a.xml', 'data/b.xml', 'data/d #%.xml'].map((name) => pathToFileURL(join(cwd, name)).href),
  )
  expect((await shown({ arguments: ['data/**/*.xml'] })).sort()).toEqual(
    names.map((name) => pathToFileURL(join(cwd, name)).href).sort(),
  )
  expect(await shown({ arguments: [join(cwd, 'data', '[ab].xml')] })).toEqual(
    ['data/a.xml', 'data/b.xml'].map((name) => pathToFileURL(join(cwd, name)).href),
  )
})

test('takes a file whose name looks like a pattern as it stands', async () => {
  file('part[1].xml', '<a/>')
  file('part1.xml', '<a/>')
  expect(await shown({ arguments: ['part[1].xml'] })).toEqual([pathToFileURL(join(cwd, 'part[1].xml')).href])
})

test('says which wildcard finds nothing', async () => {
  expect(await shown({ arguments: ['nothing/*.xml'] })).toEqual([
    `argument 1: no file matches "nothing/*.xml" in ${cwd}`,
  ])
  expect(await shown({ arguments: [`${cwd}/nothing/*.xml`] })).toEqual([
    `argument 1: no file matches "${cwd}/nothing/*.xml"`,
  ])
})

test('finds no files by wildcards in lists', async () => {
  expect(await shown(NOTHING, { inputFiles: [file('stars.txt', '*.xml\n')] })).toEqual([
    pathToFileURL(join(cwd, '*.xml')).href,
  ])
})

test('takes local paths in a list as relative to the working directory, not to the list', async () => {
  mkdirSync(join(cwd, 'lists'))
  const listed = await collect(NOTHING, { inputFiles: [file('lists/local.txt', 'a.xml\n')] })
  expect(listed).toEqual([
    { kind: 'document', document: { id: 0, url: pathToFileURL(join(cwd, 'a.xml')).href, host: '' } },
  ])
})

test('says how standard input is read when an argument is a dash', async () => {
  expect(await shown({ arguments: ['-'] })).toEqual([expect.stringContaining('--input-file -')])
})

test('takes one URL, strings and URL objects, and asynchronous ones from a program', async () => {
  async function* later() {
    yield 'http://h/1'
    yield new URL('http://h/2')
  }
  expect(await shown({ urls: 'http://h/0' })).toEqual(['http://h/0'])
  expect(await shown({ urls: new Set([' http://h/1 ', new URL('http://h/2')]) })).toEqual(['http://h/1', 'http://h/2'])
  expect(await shown({ urls: later() })).toEqual(['http://h/1', 'http://h/2'])
})

test('counts what is no text among the URLs of a program as a bad line', async () => {
  const urls: string[] = JSON.parse('["http://h/", 7, null, ""]')
  expect(await shown({ urls })).toEqual([
    'http://h/',
    'URL 2: number was given where a URL is wanted',
    'URL 3: null was given where a URL is wanted',
    'URL 4: an empty text is no URL',
  ])
})

test('asks a program for no more URLs than are taken', async () => {
  let made = 0
  function* endless() {
    for (;;) yield `http://h/${made++}`
  }
  const documents = list({ urls: endless() })
  for (let count = 0; count < 5; count++) await documents.next()
  expect(made).toBe(5)
  await documents.return()
})

test('lets an error of the program through', async () => {
  function* failing() {
    yield 'http://h/'
    throw new RangeError('out of URLs')
  }
  const documents = list({ urls: failing() })
  await documents.next()
  await expect(documents.next()).rejects.toThrow(RangeError)
})

test('closes the iterator of a program that it leaves', async () => {
  let isClosed = false
  async function* urls() {
    try {
      for (;;) yield 'http://h/'
    } finally {
      isClosed = true
    }
  }
  for await (const _ of list({ urls: urls() })) break
  expect(isClosed).toBe(true)
})

test('knows gzip by its first bytes, several members of it too', async () => {
  const members = Buffer.concat([gzipSync('\uFEFFhttp://h/1\nhttp:'), gzipSync('//h/2\n')])
  expect(await shown(NOTHING, { inputFiles: [file('packed.txt', members)] })).toEqual(['http://h/1', 'http://h/2'])
  const trickle = Readable.from(Array.from(members, (byte) => Buffer.of(byte)))
  expect(await shown(NOTHING, { inputFiles: ['-'], stdin: trickle })).toEqual(['http://h/1', 'http://h/2'])
})

test.each([
  ['cut', gzipSync('http://h/1\n'.repeat(99)).subarray(0, 30)],
  ['damaged', Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9])],
])('stops at a gzip list that is %s', async (name, bytes) => {
  const inputFiles = [file(`${name}.gz`, bytes)]
  await expect(collect(NOTHING, { inputFiles })).rejects.toMatchObject({
    code: 'SOURCE_UNREADABLE',
    message: expect.stringContaining(`the list ${name}.gz cannot be read: `),
  })
})

test.each([
  ['missing.txt', /ENOENT/],
  ['.', /it is a directory/],
])('names the list %s as unreadable before it gives the first document', async (name, reason) => {
  const documents = list({ urls: ['http://h/'] }, { inputFiles: [name] })
  await expect(documents.next()).rejects.toMatchObject({
    code: 'SOURCE_UNREADABLE',
    message: expect.stringMatching(reason),
  })
})

test('says that a list is UTF-16', async () => {
  const inputFiles = [file('utf16.txt', Buffer.from('\uFEFFhttp://h/\n', 'utf16le'))]
  await expect(collect(NOTHING, { inputFiles })).rejects.toThrow('the list utf16.txt cannot be read: it is UTF-16')
})

test('takes an empty list for one without documents', async () => {
  expect(await collect(NOTHING, { inputFiles: [file('empty.txt', ''), file('one-byte.txt', '#')] })).toEqual([])
})

test('refuses to read standard input twice', () => {
  expect(() => list(NOTHING, { inputFiles: ['-', '-'] })).toThrow('standard input can be read once')
})

test('gives a line of standard input as soon as it is there, and names its place', async () => {
  const stdin = new PassThrough()
  const documents = list(NOTHING, { inputFiles: ['-'], stdin })
  stdin.write('http://h/1\nnot:a:url\nhttp')
  expect((await documents.next()).value).toMatchObject({ document: { url: 'http://h/1' } })
  expect((await documents.next()).value).toMatchObject({
    line: { failure: { message: expect.stringMatching(/^stdin:2: "not:a:url"/) } },
  })
  const third = documents.next()
  stdin.end('://h/3')
  expect((await third).value).toMatchObject({ document: { url: 'http://h/3' } })
  expect((await documents.next()).done).toBe(true)
})

test('reads standard input that delivers text', async () => {
  const stdin = new PassThrough({ encoding: 'utf8' })
  stdin.end('http://h/ü\n')
  expect(await shown(NOTHING, { inputFiles: ['-'], stdin })).toEqual(['http://h/ü'])
})

test.each([
  ['without a line', Buffer.from('http://h/')],
  ['compressed', gzipSync('http://h/1\n').subarray(0, 12)],
  ['empty so far', Buffer.alloc(0)],
])('can be left while it waits for standard input (%s)', async (_, bytes) => {
  const stdin = new PassThrough()
  const documents = list(NOTHING, { inputFiles: ['-'], stdin })
  stdin.write(bytes)
  const waiting = documents.next()
  await new Promise(setImmediate)
  await documents.return()
  expect(await waiting).toEqual({ done: true, value: undefined })
  expect(stdin.destroyed).toBe(true)
})

test('can be left while it waits for a program', async () => {
  async function* never() {
    await new Promise(() => {})
    yield ''
  }
  const documents = list({ urls: never() })
  const waiting = documents.next()
  await new Promise(setImmediate)
  await documents.return()
  expect(await waiting).toEqual({ done: true, value: undefined })
})

test('touches nothing when it is left before it begins', async () => {
  const stdin = new PassThrough()
  await list(NOTHING, { inputFiles: ['-', 'missing.txt'], stdin }).return()
  expect(stdin.destroyed).toBe(false)
})

test.skipIf(process.platform !== 'linux')('closes a list that is left (seen in /proc, so on Linux)', async () => {
  const path = join(cwd, file('long.txt', 'http://h/\n'.repeat(100_000)))
  const isOpen = () =>
    readdirSync('/proc/self/fd').some((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`) === path
      } catch {
        return false
      }
    })
  for await (const _ of list(NOTHING, { inputFiles: ['long.txt'], keepDuplicates: true })) {
    expect(isOpen()).toBe(true)
    break
  }
  expect(isOpen()).toBe(false)
})

const script = `
  import { listDocuments } from ${JSON.stringify(new URL('../../src/sources/source.ts', import.meta.url).href)}
  const documents = listDocuments({ arguments: [] }, { inputFiles: [process.argv[1]], keepDuplicates: false })
`

/** Runs a program to its end, with a list as its argument. */
async function run(code: string, path: string, stdin: 'pipe' | 'ignore', input = ''): Promise<string> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', code, path], {
    stdio: [stdin, 'pipe', 'inherit'],
  })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  child.stdin?.write(input)
  const output = await all(child.stdout ?? Readable.from([]))
  if (child.exitCode === null) await once(child, 'exit')
  child.stdin?.destroy()
  return `${Buffer.concat(output)}exit ${child.exitCode}`
}

test('lets the process end when it leaves standard input that stays open', async () => {
  const code = `${script}
    for await (const { document } of documents) { console.log(document.url); break }`
  expect(await run(code, '-', 'pipe', 'http://h/1\n')).toBe('http://h/1\nexit 0')
})

test.skipIf(process.platform === 'win32')(
  'lets the process end when it leaves a named pipe that stays open (no such pipes on Windows)',
  async () => {
    const pipe = join(cwd, 'pipe')
    execFileSync('mkfifo', [pipe])
    // For reading as well: to open it for writing alone would wait for a reader.
    const end = openSync(pipe, 'r+')
    onTestFinished(() => closeSync(end))
    writeSync(end, 'http://h/1\n')
    const code = `${script}
      console.log((await documents.next()).value.document.url)
      const waiting = documents.next()
      setImmediate(() => documents.return())
      console.log((await waiting).done)`
    expect(await run(code, pipe, 'ignore')).toBe('http://h/1\ntrue\nexit 0')
  },
)

/**
 * The most memory of its own that a program has while it goes through a list, its heap kept as the command line keeps it. Where the system says it, without the pages of files: how
 * many of those of Node itself are counted depends on what else the machine has read of late.
 */
function peakOfList(lines: number): { count: number; bytes: number } {
  const code = `${script}
    import { existsSync, readFileSync } from 'node:fs'
    import { growBy } from ${JSON.stringify(new URL('../../src/cli/heap-growth.ts', import.meta.url).href)}
    growBy(100)
    const STATUS = '/proc/self/status'
    const own = existsSync(STATUS)
      ? () => 1024 * Number(/RssAnon:\\s+(\\d+)/.exec(readFileSync(STATUS, 'latin1'))[1])
      : process.memoryUsage.rss
    let count = 0
    let bytes = 0
    for await (const _ of documents) if (count++ % 997 === 0) bytes = Math.max(bytes, own())
    console.log(JSON.stringify({ count, bytes }))`
  const url = (index: number) => `https://data.example.org/archive/volume-${index % 997}/document-${index}.xml\n`
  const path = join(cwd, file(`${lines}.txt`, Array.from({ length: lines }, (_, index) => url(index)).join('')))
  const stdout = execFileSync(process.execPath, [...COLLECTS_AT_ONCE, '--input-type=module', '-e', code, path])
  return JSON.parse(stdout.toString())
}

test('costs under 50 MB more for a million lines than for a thousand', () => {
  const [few, many] = [peakOfList(1000), peakOfList(1_000_000)]
  expect(many.count).toBe(1_000_000)
  expect(many.bytes - few.bytes).toBeLessThan(50e6)
})
