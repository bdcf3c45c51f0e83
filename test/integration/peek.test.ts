import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { runCommandLine } from '../../src/cli/command-line.ts'
import type { Failure } from '../../src/errors.ts'
import { type Finished, runCommand, runShell } from '../support/command-line.ts'
import { serve } from '../support/serve.ts'
import { temporaryFile } from '../support/temporary-file.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const ACL = fileURLToPath(new URL('../../../shared/corpus/acl', import.meta.url))

interface PeekJson {
  readonly documents: readonly { readonly url: string; readonly encoding: string; readonly isWhole: boolean }[]
  readonly failed: readonly { readonly url: string; readonly failure: { readonly code: string } }[]
  readonly suggestions: {
    readonly record: readonly string[]
    readonly arrays: readonly { readonly name: string }[]
  }
  readonly commands: readonly string[]
}

function peekJson({ stdout }: Finished): PeekJson {
  return JSON.parse(stdout.toString())
}

const PAPERS = `<?xml version="1.0" encoding="ISO-8859-1"?><volume>${Array.from(
  { length: 40 },
  (_, n) =>
    `<paper id="${n}"><title>M\u00fcller ${n}</title>${'<author><last>A</last></author>'.repeat(n % 3)}<year>${1980 + n}</year></paper>`,
).join('')}</volume>`

test('says what is in a document on a server, and how to mill it', async () => {
  await using site = await serve({ '/a.xml': Buffer.from(PAPERS, 'latin1') })
  const { exitCode, stdout, stderr } = await runCommand(['peek', site.url('/a.xml')], { cwd: '/' })
  expect([exitCode, stderr]).toEqual([0, ''])
  const report = stdout.toString()
  expect(report).toContain('iso-8859-1')
  expect(report).toContain('with --types sql')
  expect(report).toMatch(/paper +40 +40 in each · <- record/)
  expect(report).toMatch(/author +39 +1 to 2 in each/)
  expect(report).toMatch(/year +40 +integer/)
  expect(report).toContain('"Müller 0"')
  expect(report.trimEnd().split('\n').at(-1)).toBe(
    `  xmlmill ${site.url('/a.xml')} -r paper --array author -o paper.ndjson`,
  )
})

test('reads only the first part, also of compressed documents that go on for ever', async () => {
  await using site = await serve({
    '/endless.xml.gz': (_, response) => {
      response.writeHead(200, { 'content-type': 'application/gzip' })
      const papers = Array.from({ length: 500 }, () => `<paper><id>${randomBytes(200).toString('hex')}</id></paper>`)
      response.write(gzipSync(`<list>${papers.join('')}`).subarray(0, -20))
      // It does not end: only who stops by himself gets on.
    },
  })
  const finished = await runCommand(['peek', site.url('/endless.xml.gz'), '--bytes', '20k', '--json'], { cwd: '/' })
  expect(finished.exitCode).toBe(0)
  const { documents, suggestions } = peekJson(finished)
  expect(documents).toMatchObject([{ isWhole: false, decodedBytes: 20 << 10 }])
  expect(suggestions.record).toEqual(['paper'])
})

test('looks into the first documents of a list only, and goes on past one that fails', async () => {
  await using site = await serve({ '/1.xml': PAPERS, '/3.xml': PAPERS, '/4.xml': PAPERS })
  await using list = await temporaryFile(['/1.xml', '/2.xml', '/3.xml', '/4.xml'].map(site.url).join('\n'), 'urls.txt')
  const finished = await runCommand(['peek', '-i', list.path, '--documents', '3', '--json'], { cwd: '/' })
  expect(finished.exitCode).toBe(1)
  const { documents, failed, commands } = peekJson(finished)
  expect(documents.map(({ url }) => url)).toEqual([site.url('/1.xml'), site.url('/3.xml')])
  expect(failed).toMatchObject([{ url: site.url('/2.xml'), failure: { code: 'HTTP_REFUSED' } }])
  expect(site.hits('/4.xml')).toBe(0)
  expect(commands).toEqual([`xmlmill -i ${list.path} -r paper --array author -o paper.ndjson`])
})

test('asks for as many documents at once as a run would, and waits as long as Retry-After says', async () => {
  const asked: number[] = []
  await using site = await serve({
    '/a.xml': (_, response) => {
      asked.push(performance.now())
      if (asked.length > 1) response.end(PAPERS)
      else response.writeHead(503, { 'retry-after': '1' }).end()
    },
    '/b.xml': PAPERS,
    '/c.xml': PAPERS,
  })
  const urls = ['/a.xml', '/b.xml', '/c.xml'].map(site.url)
  const { exitCode, stderr } = await runCommand(['peek', ...urls, '-j', '1'], { cwd: '/' })
  expect([exitCode, site.maxConcurrent, site.hits()]).toEqual([0, 1, 4])
  expect((asked[1] ?? 0) - (asked[0] ?? 0)).toBeGreaterThanOrEqual(1000)
  expect(stderr).toContain('HTTP_UNAVAILABLE')
})

test('keeps the options that were given in the command that it suggests', async () => {
  await using file = await temporaryFile(PAPERS.replace('ISO-8859-1', 'UTF-8'))
  const args = ['-H', 'X-Key: a b', '-o', 'all.ndjson', '--array', 'title']
  const finished = await runCommand(['peek', file.path, ...args, '--json'], { cwd: '/' })
  expect(peekJson(finished).commands).toEqual([
    `xmlmill ${file.path} --array title,author -o all.ndjson -H 'X-Key: a b' -r paper`,
  ])
})

test.each([
  ['an HTML page', [], '<!DOCTYPE html><html><body>Log in</body></html>', 'BODY_NOT_XML'],
  ['nothing', ['--json'], '', 'BODY_EMPTY'],
  ['what has a wrong end tag', ['--types', 'ts'], '<a><b></a>', 'XML_TAG_MISMATCH'],
  ['what ends in its first tag', [], '<a', 'XML_TRUNCATED'],
])('names the code for %s and exits 1 (%j)', async (_, flags, body, code) => {
  await using file = await temporaryFile(body)
  const { exitCode, stdout, stderr } = await runCommand(['peek', file.path, ...flags], { cwd: '/' })
  expect(exitCode).toBe(1)
  expect(stdout.toString() + stderr).toContain(code)
})

test('names the same code, place and reason as a run', async () => {
  using folder = temporaryFolder()
  const bodies = [
    '<a><b></a>',
    '<a b="1" b="2"/>',
    '<a>&nope;</a>',
    '<a b="<"/>',
    '<a>]]></a>',
    '<a/><b/>',
    '<a/>text',
    '<a>\u0001</a>',
    '<a',
    '<a><b/>',
    '<a><!-- -- --></a>',
    '<!DOCTYPE a [<!ELEMENT>]><a/>',
    '<a><?xml version="1.0"?></a>',
    '<?xml version="1.0" encoding="no such"?><a/>',
    Buffer.from('<a>\xff</a>', 'latin1'),
    `${'<a>'.repeat(300)}${'</a>'.repeat(300)}`,
    '',
    'no XML',
    '{"a":1}',
  ]
  const names = bodies.map((body, index) => {
    folder.write(`${index}.xml`, body)
    return `${index}.xml`
  })
  const peeked = await runCommand(['peek', ...names, '--documents', '50', '--json'], { cwd: folder.path })
  const report: {
    readonly documents: readonly { readonly url: string; readonly fault?: Failure }[]
    readonly failed: readonly { readonly url: string; readonly failure: Failure }[]
  } = JSON.parse(peeked.stdout.toString())
  const seen = new Map<string, unknown>()
  for (const { url, fault } of report.documents) seen.set(url, fault)
  for (const { url, failure } of report.failed) seen.set(url, failure)
  const milled = await runCommand([...names, '--progress', 'json', '-o', 'out.ndjson'], { cwd: folder.path })
  const lines: readonly { readonly type: string; readonly url: string }[] = milled.stderr
    .split('\n')
    .filter((line) => line.startsWith('{"type":"failed"'))
    .map((line) => JSON.parse(line))
  expect(lines).toHaveLength(bodies.length)
  for (const line of lines) {
    const fault = seen.get(line.url)
    expect(fault, line.url).toBeDefined()
    expect(line).toMatchObject({ ...Object(fault) })
  }
  expect(seen.size).toBe(bodies.length)
})

test.each([
  [['peek'], 'nothing to look into'],
  [['peek', 'a.xml', '--bytes', 'many', '--documents', '0'], '--bytes is many'],
  [['peek', 'a.xml', '--types', 'cobol'], '--types is cobol; it takes one of ts, json-schema, sql'],
  [['peek', 'a.xml', '--types', 'ts', '--json'], 'exclude each other'],
  [['peek', 'a.xml', '--byte', '1m'], 'did you mean --bytes?'],
])('refuses %j', async (args, message) => {
  await expect(runCommandLine(args)).rejects.toMatchObject({
    code: 'OPTIONS_INVALID',
    message: expect.stringContaining(message),
  })
})

test('is not disturbed by a reader that goes away', async () => {
  await using file = await temporaryFile(PAPERS.replace('ISO-8859-1', 'UTF-8'))
  const line = `xmlmill peek ${file.path} --json | true; echo "\${PIPESTATUS[0]}"`
  const { stdout, stderr } = await runShell(line, { cwd: '/' })
  expect([stdout.toString(), stderr]).toEqual(['0\n', ''])
})

test('says that stdout is full', async () => {
  await using file = await temporaryFile('<a/>')
  const { exitCode, stderr } = await runShell(`xmlmill peek ${file.path} > /dev/full`, { cwd: '/' })
  expect(exitCode).toBe(3)
  expect(stderr).toContain('OUTPUT_FAILED')
})

test.skipIf(!existsSync(ACL))('knows the records of a real corpus (skipped where there is none)', async () => {
  const finished = await runCommand(['peek', `${ACL}/*.xml`, '--documents', '20', '--json'], { cwd: '/' })
  const { record, arrays } = peekJson(finished).suggestions
  expect([finished.exitCode, record, arrays.map(({ name }) => name)]).toEqual([
    0,
    ['paper'],
    expect.arrayContaining(['author']),
  ])
})
if (!existsSync(ACL)) process.stderr.write('no ../shared/corpus/acl: peek is tested on generated documents only\n')

test('says of a file that is not there its path once, and what to do', async () => {
  using folder = temporaryFolder()
  const { exitCode, stderr } = await runCommand(['peek', 'absent.xml'], { cwd: folder.path })
  expect(stderr.match(/absent\.xml/g)).toHaveLength(1)
  expect(stderr).toContain('FILE_UNREADABLE: Check the path and its permissions.')
  expect(exitCode).toBe(1)
})

test('prints a table that SQLite makes and a run fills', async () => {
  using folder = temporaryFolder()
  folder.write('a.xml', PAPERS.replace('ISO-8859-1', 'UTF-8'))
  const peeked = await runCommand(['peek', 'a.xml', '--types', 'sql'], { cwd: folder.path })
  const sql = peeked.stdout.toString()
  const columns = /--columns '(.*)'/.exec(sql)?.[1] ?? ''
  using database = new DatabaseSync(folder.file('papers.db'))
  database.exec(sql)
  const args = ['a.xml', '-r', 'paper', '--array', 'author', '-o', 'papers.db', '--columns', columns]
  const { exitCode, stderr } = await runCommand(args, { cwd: folder.path })
  expect(exitCode, stderr).toBe(0)
  expect(database.prepare('SELECT title, author, year, id FROM paper WHERE n = 1').all()).toEqual([
    { title: 'Müller 1', author: '[{"last":"A"}]', year: 1981, id: 1 },
  ])
})

test('says in the types what the options for the shape do', async () => {
  await using file = await temporaryFile(PAPERS.replace('ISO-8859-1', 'UTF-8'))
  const typesFor = async (...args: string[]) =>
    (await runCommand(['peek', file.path, '--types', 'ts', ...args], { cwd: '/' })).stdout.toString()
  expect(await typesFor('--values')).toMatch(/year: number/)
  expect(await typesFor('--no-attributes', '--bare')).not.toMatch(/@_id|PaperLine/)
  expect(await typesFor('--attribute-prefix', '$')).toMatch(/ \$id: string/)
  expect(await typesFor('--shape', 'ordered')).toContain('export type Paper = OrderedNode')
  expect(await typesFor('--shape', 'xml')).toContain('export type Paper = string')
})
