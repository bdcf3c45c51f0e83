import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { gunzipSync } from 'node:zlib'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { expect, test } from 'vitest'
import { verifyOutput } from '../../src/sinks/verify.ts'
import { lastLine, runCommand, runShell, startCommand } from '../support/command-line.ts'
import { type Route, serve } from '../support/serve.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'

function read(folder: TemporaryFolder, name: string): string {
  return readFileSync(folder.file(name), 'utf8')
}

/** A document that can be changed between two runs. */
function changing(body: string, withEtag: boolean) {
  const state = { body, version: 1, conditional: 0, unchanged: 0 }
  const route: Route = (request, response) => {
    const etag = `"${state.version}"`
    if (request.headers['if-none-match'] !== undefined) state.conditional += 1
    if (withEtag && request.headers['if-none-match'] === etag) {
      state.unchanged += 1
      response.writeHead(304).end()
    } else response.writeHead(200, withEtag ? { etag } : {}).end(state.body)
  }
  return { state, route }
}

test('skips what is done, tries again what failed, and mills what is new', async () => {
  using folder = temporaryFolder()
  let isUp = false
  const flaky: Route = (_, response) => {
    if (isUp) response.end('<a>2</a>')
    else response.writeHead(404).end()
  }
  await using site = await serve({ '/1': '<a>1</a>', '/2': flaky, '/3': '<a>3</a>' })
  const cwd = folder.path
  folder.write('list', `${site.url('/1')}\n${site.url('/2')}\n`)
  const args = ['-i', 'list', '-o', 'out.ndjson', '--bare']
  const first = await runCommand(args, { cwd })
  expect([first.exitCode, read(folder, 'out.ndjson')]).toEqual([1, '"1"\n'])
  expect(lastLine(first.stderr)).toBe('xmlmill -i list -o out.ndjson --bare')
  isUp = true
  writeFileSync(folder.file('list'), `${site.url('/1')}\n${site.url('/2')}\n${site.url('/3')}\n`)
  const second = await runCommand(args, { cwd })
  expect(second.exitCode).toBe(0)
  expect(second.stderr).toContain('1 already there')
  expect(read(folder, 'out.ndjson').split('\n').sort()).toEqual(['', '"1"', '"2"', '"3"'])
  expect([site.hits('/1'), site.hits('/2'), site.hits('/3')]).toEqual([1, 2, 1])
})

test('with --keep-duplicates every time that a URL is listed is remembered by itself', async () => {
  using folder = temporaryFolder()
  await using site = await serve({ '/1': '<a>1</a>' })
  folder.write('list', `${site.url('/1')}\n`.repeat(3))
  const args = ['-i', 'list', '-o', 'out.ndjson', '--bare', '--keep-duplicates']
  for (const _ of [1, 2]) {
    expect((await runCommand(args, { cwd: folder.path })).exitCode).toBe(0)
    expect(read(folder, 'out.ndjson')).toBe('"1"\n"1"\n"1"\n')
  }
  expect(site.hits()).toBe(3)
  const { stdout } = await runCommand(['verify', 'out.ndjson'], { cwd: folder.path })
  expect(stdout.toString()).toContain('3 documents with 3 records, each there once')
})

test('the ledger has what became of each document, and no passwords', async () => {
  using folder = temporaryFolder()
  await using site = await serve({
    '/1': (_, response) => response.writeHead(200, { etag: '"e"' }).end('<a><r/><r/></a>'),
  })
  const secret = site.url('/1').replace('http://', 'http://user:hunter2@')
  const gone = site.url('/gone').replace('http://', 'http://user:hunter2@')
  await runCommand([secret, gone, '-r', 'r', '-o', 'out.ndjson'], { cwd: folder.path })
  using database = new DatabaseSync(folder.file('out.ndjson.xmlmill'), { readOnly: true })
  const rows = database.prepare('SELECT * FROM xmlmill_documents ORDER BY status').all()
  expect(rows).toMatchObject([
    { status: 'done', attempts: 1, etag: '"e"', records_seen: 2, records_written: 2, wire_bytes: 15, code: null },
    { status: 'failed', code: 'HTTP_REFUSED', records_written: 0 },
  ])
  expect(rows[0]?.body_sha256).toEqual(new Uint8Array(createHash('sha256').update('<a><r/><r/></a>').digest()))
  expect(readFileSync(folder.file('out.ndjson.xmlmill')).includes('hunter2')).toBe(false)
})

test('refuses to mix two shapes in one output, naming the option (SHAPE_CHANGED)', async () => {
  using folder = temporaryFolder()
  await using site = await serve({ '/1': '<a><b>1</b></a>' })
  const cwd = folder.path
  folder.write('row.ts', 'export default (record: unknown) => record\n')
  expect((await runCommand([site.url('/1'), '-o', 'out.ndjson', '--transform', 'row.ts'], { cwd })).exitCode).toBe(0)
  const changes: readonly (readonly [string[], string])[] = [
    [['-r', 'b', '--transform', 'row.ts'], '--record was not given and is ["b"]'],
    [[], '--transform was a file'],
    [['--transform', 'row.ts', '--bare'], '--bare was not given and is given'],
  ]
  for (const [flags, reason] of changes) {
    const { exitCode, stderr } = await runCommand([site.url('/1'), '-o', 'out.ndjson', ...flags], { cwd })
    expect(stderr).toContain('SHAPE_CHANGED')
    expect(stderr).toContain(reason)
    expect(exitCode).toBe(2)
  }
  folder.write('row.ts', 'export default (record: unknown) => [record]\n')
  expect((await runCommand([site.url('/1'), '-o', 'out.ndjson', '--transform', 'row.ts'], { cwd })).exitCode).toBe(2)
})

test('--fresh is not taken at its word where something would be lost and nobody can be asked', async () => {
  using folder = temporaryFolder()
  await using site = await serve({ '/1': '<a>1</a>' })
  const cwd = folder.path
  const args = [site.url('/1'), '-o', 'out.ndjson', '--bare', '--fresh']
  expect((await runCommand(args, { cwd })).exitCode).toBe(0)
  const refused = await runCommand(args, { cwd })
  expect([refused.exitCode, site.hits()]).toEqual([2, 1])
  expect(refused.stderr).toContain('out.ndjson (4 bytes)')
  expect(refused.stderr).toContain('--yes')
  expect((await runCommand([...args, '--yes'], { cwd })).exitCode).toBe(0)
  expect([read(folder, 'out.ndjson'), site.hits()]).toEqual(['"1"\n', 2])
})

for (const output of ['out.ndjson', 'out.ndjson.gz', 'out/']) {
  test(`--update replaces in ${output} what has changed, and only that`, async () => {
    using folder = temporaryFolder()
    const tagged = changing('<a><r>t1</r><r>t2</r></a>', true)
    const plain = changing('<a><r>p1</r></a>', false)
    await using site = await serve({ '/tagged': tagged.route, '/plain': plain.route, '/still': '<a><r>s</r></a>' })
    const cwd = folder.path
    const args = [
      site.url('/tagged'),
      site.url('/plain'),
      site.url('/still'),
      '-r',
      'r',
      '-o',
      output,
      '--bare',
      '--ordered',
    ]
    const lines = () => {
      if (!output.endsWith('/')) {
        const bytes = readFileSync(folder.file(output))
        return (output.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString().split('\n').slice(0, -1)
      }
      const names = readdirSync(folder.file(output)).filter((name) => name.endsWith('.ndjson'))
      return names.flatMap((name) => read(folder, `${output}${name}`).split('\n').slice(0, -1))
    }
    expect((await runCommand(args, { cwd })).exitCode).toBe(0)
    const before = lines()

    const same = await runCommand([...args, '--update'], { cwd })
    expect([same.exitCode, lines()]).toEqual([0, before])
    expect([tagged.state.conditional, tagged.state.unchanged]).toEqual([1, 1])
    expect(same.stderr).toContain('3 already there')
    expect(same.stderr).toContain('3 documents asked again, unchanged')
    expect(same.stderr).not.toMatch(/\s0 B of XML/)

    tagged.state.body = '<a><r>new</r></a>'
    tagged.state.version = 2
    plain.state.body = '<a><r>p1</r><r>p2</r></a>'
    const changed = await runCommand([...args, '--update'], { cwd })
    expect(changed.exitCode).toBe(0)
    expect(lines().sort()).toEqual(['"new"', '"p1"', '"p2"', '"s"'])
    // In the order of the list, as a run that had never seen the old ones would have them.
    if (!output.endsWith('/')) expect(lines()).toEqual(['"new"', '"p1"', '"p2"', '"s"'])
    expect((await runCommand(['verify', output], { cwd })).stdout.toString()).toContain('once, whole and in order')
  })
}

test('--update keeps what it has of a document that can no longer be had', async () => {
  using folder = temporaryFolder()
  let isGone = false
  const going: Route = (_, response) => {
    if (isGone) response.writeHead(410).end()
    else response.end('<a>1</a>')
  }
  await using site = await serve({ '/1': going })
  const args = [site.url('/1'), '-o', 'out.ndjson', '--bare']
  await runCommand(args, { cwd: folder.path })
  isGone = true
  expect((await runCommand([...args, '--update'], { cwd: folder.path })).exitCode).toBe(1)
  expect(read(folder, 'out.ndjson')).toBe('"1"\n')
  expect((await runCommand(args, { cwd: folder.path })).exitCode).toBe(0)
})

test('a second run into the same output exits with 4, names the first, and a kill frees it (OUTPUT_LOCKED)', async () => {
  using folder = temporaryFolder()
  let answer = () => {}
  const asked = Promise.withResolvers<void>()
  const slow: Route = (_, response) => {
    answer = () => response.end('<a>1</a>')
    asked.resolve()
  }
  await using site = await serve({ '/slow': slow })
  const args = [site.url('/slow'), '-o', 'out.ndjson', '--bare']
  const first = startCommand(args, { cwd: folder.path })
  await asked.promise
  const second = await runCommand(args, { cwd: folder.path })
  expect(second.exitCode).toBe(4)
  expect(second.stderr).toMatch(
    new RegExp(`out.ndjson is in use by process ${first.child.pid}, which started at \\d{4}-`),
  )
  first.child.kill('SIGKILL')
  await first.finished
  const third = startCommand(args, { cwd: folder.path })
  while (site.hits() < 2) await new Promise((resolve) => setTimeout(resolve, 10))
  answer()
  expect((await third.finished).exitCode).toBe(0)
  expect(read(folder, 'out.ndjson')).toBe('"1"\n')
  expect(existsSync(folder.file('out.ndjson.xmlmill-lock'))).toBe(false)
})

test('the first signal starts nothing more and lets what runs end; the last line goes on', async () => {
  using folder = temporaryFolder()
  let answer = () => {}
  const asked = Promise.withResolvers<void>()
  const slow: Route = (_, response) => {
    answer = () => response.end('<a>1</a>')
    asked.resolve()
  }
  await using site = await serve({ '/1': slow, '/2': '<a>2</a>' })
  const args = [site.url('/1'), site.url('/2'), '-o', 'out.ndjson', '--bare', '-j', '1']
  const { child, finished, says } = startCommand(args, { cwd: folder.path })
  await asked.promise
  child.kill('SIGINT')
  await says(/^stopping: /m)
  answer()
  const { exitCode, stderr } = await finished
  expect([exitCode, read(folder, 'out.ndjson'), site.hits('/2')]).toEqual([130, '"1"\n', 0])
  const command = lastLine(stderr)
  expect(command).toBe(`xmlmill ${site.url('/1')} ${site.url('/2')} -o out.ndjson --bare -j 1`)
  expect((await runShell(command, { cwd: folder.path })).exitCode).toBe(0)
  expect([read(folder, 'out.ndjson'), site.hits('/1')]).toEqual(['"1"\n"2"\n', 1])
})

test('a second signal stops at once, and the run can be gone on with', async () => {
  using folder = temporaryFolder()
  const asked = Promise.withResolvers<void>()
  let isUp = false
  const hanging: Route = (_, response) => {
    if (isUp) response.end('<a>1</a>')
    asked.resolve()
  }
  await using site = await serve({ '/1': hanging })
  const args = [site.url('/1'), '-o', 'out.ndjson', '--bare']
  const { child, finished, says } = startCommand(args, { cwd: folder.path })
  await asked.promise
  child.kill('SIGTERM')
  // The system makes one of two that are there at once.
  await says(/^stopping: /m)
  child.kill('SIGTERM')
  expect((await finished).exitCode).toBe(143)
  isUp = true
  expect((await runCommand(args, { cwd: folder.path })).exitCode).toBe(0)
  expect(read(folder, 'out.ndjson')).toBe('"1"\n')
})

test('--state remembers what went to stdout', async () => {
  using folder = temporaryFolder()
  await using site = await serve({ '/1': '<a>1</a>', '/2': '<a>2</a>' })
  const cwd = folder.path
  const first = await runCommand([site.url('/1'), '--bare', '--state', 'state'], { cwd })
  expect(first.stdout.toString()).toBe('"1"\n')
  const second = await runCommand([site.url('/1'), site.url('/2'), '--bare', '--state', 'state'], { cwd })
  expect([second.stdout.toString(), site.hits('/1')]).toEqual(['"2"\n', 1])
})

test('verify finds what was changed, cut off, added and taken away', async () => {
  using folder = temporaryFolder()
  await using site = await serve({ '/1': '<a><r>1</r><r>2</r></a>', '/2': '<a><r>3</r></a>' })
  const cwd = folder.path
  const urls = [site.url('/1'), site.url('/2'), '-r', 'r', '--ordered']
  await runCommand([...urls, '-o', 'out.ndjson'], { cwd })
  await runCommand([...urls, '-o', 'out/'], { cwd })
  const good = read(folder, 'out.ndjson')
  const damages: readonly (readonly [string, string])[] = [
    [good.replace('"record":"3"', '"record":"4"'), 'the sums differ'],
    [good.slice(0, -1), 'shorter'],
    [`${good}x`, '1 byte'],
  ]
  for (const [content, problem] of damages) {
    folder.write('out.ndjson', content)
    expect((await verifyOutput(folder.file('out.ndjson'))).problems.join('\n')).toContain(problem)
  }
  const lines = good.split('\n')
  const from = Buffer.byteLength(`${lines[0]}\n${lines[1]}\n`)
  folder.write('out.ndjson', good.replace('"record":"3"', '"record":"4"'))
  const place = `from byte ${from} to ${Buffer.byteLength(good)}`
  expect((await verifyOutput(folder.file('out.ndjson'))).problems.join('\n')).toContain(place)
  folder.write('out.ndjson', `${good}x`)
  const { exitCode, stdout } = await runCommand(['verify', 'out.ndjson'], { cwd })
  expect([exitCode, stdout.toString()]).toEqual([1, expect.stringContaining('1 byte')])
  folder.write('out.ndjson', good)
  expect((await verifyOutput(folder.file('out.ndjson'))).problems).toEqual([])
  const [name = ''] = readdirSync(folder.file('out')).filter((entry) => entry.endsWith('.ndjson'))
  rmSync(folder.file(`out/${name}`))
  expect((await verifyOutput(folder.file('out/'))).problems.join('\n')).toContain('is gone')
  expect((await runCommand(['verify', 'nowhere.ndjson'], { cwd })).exitCode).toBe(2)
})

test('verify leaves a database that is not ours as it is', async () => {
  using folder = temporaryFolder()
  const path = folder.file('theirs.sqlite')
  const database = new DatabaseSync(path)
  database.exec('CREATE TABLE theirs (a)')
  database.close()
  const before = readFileSync(path)
  await expect(verifyOutput(path)).rejects.toMatchObject({ code: 'OPTIONS_INVALID', message: `${path} has no ledger` })
  expect(readFileSync(path).equals(before)).toBe(true)
})

for (const [output, ledger] of [
  ['out.sqlite', 'out.sqlite'],
  ['out.ndjson', 'out.ndjson.xmlmill'],
] as const) {
  test(`what a kill at the very beginning of ${output} has left can be verified and gone on with`, async () => {
    using folder = temporaryFolder()
    folder.write('1.xml', '<a><r>1</r></a>')
    folder.write(ledger, '')
    const cwd = folder.path
    expect((await runCommand(['verify', output], { cwd })).exitCode).toBe(0)
    const { exitCode, stderr } = await runCommand(['1.xml', '-r', 'r', '-o', output], { cwd })
    expect([exitCode, exitCode === 0 ? '' : stderr]).toEqual([0, ''])
    expect((await verifyOutput(folder.file(output))).done).toBe(1)
  })
}

test('verify tells the first ten problems, and how many there are', async () => {
  using folder = temporaryFolder()
  const names = Array.from({ length: 12 }, (_, index) => `${index}.xml`)
  for (const name of names) folder.write(name, '<a>1</a>')
  const cwd = folder.path
  await runCommand([...names, '-o', 'out.ndjson'], { cwd })
  folder.write('out.ndjson', read(folder, 'out.ndjson').replaceAll('"record":"1"', '"record":"2"'))
  const { exitCode, stdout } = await runCommand(['verify', 'out.ndjson'], { cwd })
  const lines = stdout.toString().split('\n')
  expect(lines.filter((line) => line.includes('the sums differ'))).toHaveLength(10)
  expect(lines).toContain('and 2 more')
  expect(stdout.toString()).toContain('12 problems')
  expect(exitCode).toBe(1)
})

test('verify finds the document whose rows a Parquet output has not, or not in order', async () => {
  using folder = temporaryFolder()
  const rows = (...texts: string[]) => `<a>${texts.map((text) => `<r><t>${text}</t></r>`).join('')}</a>`
  await using site = await serve({ '/1': rows('1', '2', '3'), '/2': rows('4'), '/3': rows('5', '6') })
  const cwd = folder.path
  const args = [site.url('/1'), site.url('/2'), '-r', 'r', '--columns', 't', '--ordered']
  await runCommand([...args, '-o', 'out.parquet'], { cwd })
  expect((await verifyOutput(folder.file('out.parquet'))).problems).toEqual([])
  const path = folder.file('out.parquet/part-00000.parquet')
  const write = (urls: readonly string[], numbers: readonly number[]) => {
    const columnData = [
      { name: 'url', data: urls.map((url) => site.url(url)), type: 'STRING' as const },
      { name: 'n', data: [...numbers], type: 'INT32' as const },
    ]
    writeFileSync(path, Buffer.from(parquetWriteBuffer({ columnData })))
  }
  // As many rows in all as there should be.
  write(['/1', '/1', '/2', '/3'], [0, 1, 0, 0])
  const { problems } = await verifyOutput(folder.file('out.parquet'))
  expect(problems).toEqual([
    `${site.url('/1')}: it has 2 rows, the ledger counts 3`,
    `${site.url('/3')}: it has rows, and the ledger does not know it as done`,
  ])
  write(['/1', '/1', '/1', '/2'], [0, 2, 1, 0])
  expect((await verifyOutput(folder.file('out.parquet'))).problems).toEqual([
    `${site.url('/1')}: its rows are not in order`,
  ])
})
