import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { runCommand, startCommand } from '../support/command-line.ts'
import { type Route, serve } from '../support/serve.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { readZstd } from '../support/zstd.ts'

for (const [name, read] of [
  ['out.ndjson', (bytes: Buffer) => bytes],
  ['out.ndjson.gz', gunzipSync],
  ['out.jsonl.zst', readZstd],
] as const) {
  test(`${name} is what its name says, also when a second run goes on with it`, async () => {
    using folder = temporaryFolder()
    await using site = await serve({ '/1': '<a>1</a>', '/2': '<a>2</a>' })
    const cwd = folder.path
    const read1 = () => read(readFileSync(folder.file(name))).toString()
    const first = await runCommand([site.url('/1'), '-o', name, '--bare'], { cwd })
    expect([first.exitCode, first.stdout.length, read1()]).toEqual([0, 0, '"1"\n'])
    const second = await runCommand([site.url('/1'), site.url('/2'), '-o', name, '--bare'], { cwd })
    expect([second.exitCode, read1()]).toEqual([0, '"1"\n"2"\n'])
    expect(site.hits('/1')).toBe(1)
  })
}

test('does not touch an output of another kind, and fetches nothing', async () => {
  using folder = temporaryFolder()
  await using site = await serve({ '/1': '<a>1</a>' })
  folder.write('out.ndjson', '"precious"\n')
  const { exitCode, stderr } = await runCommand([site.url('/1'), '-o', 'out.ndjson'], { cwd: folder.path })
  expect(stderr).toContain('OUTPUT_EXISTS')
  expect(stderr).toContain('--fresh')
  expect([exitCode, site.hits()]).toEqual([2, 0])
  expect(readFileSync(folder.file('out.ndjson'), 'utf8')).toBe('"precious"\n')
})

test('--fresh replaces an output that exists', async () => {
  using folder = temporaryFolder()
  await using site = await serve({ '/1': '<a>1</a>' })
  folder.write('out.ndjson', '"old"\n')
  const args = [site.url('/1'), '-o', 'out.ndjson', '--bare', '--fresh', '--yes']
  expect((await runCommand(args, { cwd: folder.path })).exitCode).toBe(0)
  expect(readFileSync(folder.file('out.ndjson'), 'utf8')).toBe('"1"\n')
})

test('an output that exists and is empty is as good as none', async () => {
  using folder = temporaryFolder()
  await using site = await serve({ '/1': '<a>1</a>' })
  folder.write('out.ndjson', '')
  const { exitCode } = await runCommand([site.url('/1'), '-o', 'out.ndjson', '--bare'], { cwd: folder.path })
  expect(exitCode).toBe(0)
  expect(readFileSync(folder.file('out.ndjson'), 'utf8')).toBe('"1"\n')
})

test('a document that fails in the middle leaves nothing, however much of it was good', async () => {
  using folder = temporaryFolder()
  const good = `<r>${'x'.repeat(1000)}</r>`
  await using site = await serve({ '/bad': `<a>${good.repeat(6000)}<r></a>`, '/good': `<a>${good}</a>` })
  const args = [site.url('/bad'), site.url('/good'), '-r', 'r', '-o', 'out.ndjson', '--bare']
  const { exitCode } = await runCommand(args, { cwd: folder.path })
  expect(exitCode).toBe(1)
  expect(readFileSync(folder.file('out.ndjson'), 'utf8')).toBe(`"${'x'.repeat(1000)}"\n`)
})

test('a document whose connection is lost in the middle is in the output once, whole', async () => {
  using folder = temporaryFolder()
  const body = `<a>${Array.from({ length: 3000 }, (_, n) => `<r>${n} ${'x'.repeat(1000)}</r>`).join('')}</a>`
  let isFirst = true
  const cut: Route = (request, response) => {
    response.writeHead(200, { 'content-length': Buffer.byteLength(body) })
    if (isFirst) response.write(body.slice(0, 2_900_000), () => request.socket.destroy())
    else response.end(body)
    isFirst = false
  }
  await using site = await serve({ '/cut': cut })
  const { exitCode, stdout } = await runCommand([site.url('/cut'), '-r', 'r', '--bare'], { cwd: folder.path })
  const numbers = stdout
    .toString()
    .split('\n')
    .slice(0, -1)
    .map((line) => Number.parseInt(line.slice(1), 10))
  expect(exitCode).toBe(0)
  expect(numbers).toEqual(Array.from({ length: 3000 }, (_, n) => n))
  expect(site.hits()).toBe(2)
})

test('records beyond the memory that they may take wait in a file, arrive in order, and the file is gone after', async () => {
  using folder = temporaryFolder()
  using temporary = temporaryFolder()
  const count = 30_000
  const asked = Promise.withResolvers<() => void>()
  const first: Route = (_, response) => asked.resolve(() => response.end('<a><r>first</r></a>'))
  // A long URL in every line makes some 90 MB of them.
  const large = `/large?${'x'.repeat(3000)}`
  await using site = await serve({
    '/first': first,
    '/large': `<a>${Array.from({ length: count }, (_, n) => `<r>${n}</r>`).join('')}</a>`,
  })
  const args = [site.url('/first'), site.url(large), '-r', 'r', '-o', 'out.ndjson', '--ordered']
  const { finished } = startCommand(args, { cwd: folder.path, env: { TMPDIR: temporary.path } })
  const spooled = () =>
    readdirSync(temporary.path, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.spool'))
      .map((name) => statSync(join(temporary.path, name)).size)
  while (!spooled().some((size) => size > 0)) await delay(20)
  // Its thread may be later than the whole of the other document.
  const answerFirst = await asked.promise
  answerFirst()
  const { exitCode } = await finished
  expect(exitCode).toBe(0)
  const lines = readFileSync(folder.file('out.ndjson'), 'latin1').split('\n')
  expect(lines).toHaveLength(count + 2)
  expect(lines[0]).toContain('"record":"first"')
  const isInOrder = lines.slice(1, -1).every((line, n) => line.endsWith(`"n":${n},"name":"r","record":"${n}"}`))
  expect(isInOrder).toBe(true)
  expect(readdirSync(temporary.path)).toEqual([])
})

test('a run that is stopped leaves no temporary file either', async () => {
  using folder = temporaryFolder()
  using temporary = temporaryFolder()
  const hanging: Route = () => {}
  const large = `/large?${'x'.repeat(3000)}`
  await using site = await serve({ '/hanging': hanging, '/large': `<a>${'<r/>'.repeat(30_000)}</a>` })
  const args = [site.url('/hanging'), site.url(large), '-r', 'r', '--ordered']
  const { child, finished } = startCommand(args, { cwd: folder.path, env: { TMPDIR: temporary.path } })
  while (!readdirSync(temporary.path, { recursive: true, encoding: 'utf8' }).some((name) => name.endsWith('.spool'))) {
    await delay(20)
  }
  child.kill('SIGTERM')
  const { exitCode, stderr } = await finished
  expect(exitCode).toBe(143)
  expect(stderr).not.toMatch(/warning|\n\s+at /i)
  expect(readdirSync(temporary.path)).toEqual([])
})

test('makes no rejects file when nothing is rejected', async () => {
  using folder = temporaryFolder()
  await using site = await serve({ '/1': '<a>1</a>' })
  await runCommand([site.url('/1'), '-o', 'out.ndjson'], { cwd: folder.path })
  expect(existsSync(folder.file('out.ndjson.rejects.ndjson'))).toBe(false)
})
