import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { lastLine, runCommand, runShell, startCommand } from '../support/command-line.ts'
import { type Route, type Site, serve } from '../support/serve.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const PAPERS =
  '<volume><paper><title>Zürich &amp; Bern</title><id>1</id></paper><paper><title>007</title></paper></volume>'

/** A route that fails until it is told to recover. */
function recovering(body: string) {
  let isUp = false
  const route: Route = (_, response) => {
    if (isUp) response.writeHead(200).end(body)
    else response.writeHead(404).end()
  }
  return {
    route,
    recover: () => {
      isUp = true
    },
  }
}

test('writes data to stdout and nothing else, byte for byte', async () => {
  using folder = temporaryFolder()
  await using site = await serve({ '/a.xml': PAPERS })
  const { exitCode, stdout, stderr } = await runCommand([site.url('/a.xml'), '-r', 'paper'], { cwd: folder.path })
  const url = site.url('/a.xml')
  expect(stdout.toString()).toBe(
    `{"url":"${url}","n":0,"name":"paper","record":{"title":"Zürich & Bern","id":"1"}}\n` +
      `{"url":"${url}","n":1,"name":"paper","record":{"title":"007"}}\n`,
  )
  expect(stderr).toContain('1 document milled')
  expect(exitCode).toBe(0)
})

test('prints records alone with --bare, and the root without --record', async () => {
  using folder = temporaryFolder()
  await using site = await serve({ '/a.xml': '<a><b>1</b><b/></a>' })
  const { stdout } = await runCommand([site.url('/a.xml'), '--bare'], { cwd: folder.path })
  expect(stdout.toString()).toBe('{"b":["1",""]}\n')
})

test('reads lists from files and stdin, with comments and gzip, and drops what is listed twice', async () => {
  using folder = temporaryFolder()
  await using site = await serve({ '/1': '<a>1</a>', '/2': '<a>2</a>', '/3': '<a>3</a>', '/4': '<a>4</a>' })
  folder.write('urls.txt', `# a list\n\n${site.url('/2')}\n${site.url('/1')}\n`)
  folder.write('urls.gz', gzipSync(`${site.url('/3')}\n`))
  const { exitCode, stdout, stderr } = await runCommand(
    [site.url('/1'), '-i', 'urls.txt', '-i', 'urls.gz', '-i', '-', '--bare', '--ordered'],
    { cwd: folder.path, stdin: `${site.url('/4')}\n${site.url('/3')}` },
  )
  expect(stdout.toString()).toBe('"1"\n"2"\n"3"\n"4"\n')
  expect(stderr).toContain('2 duplicates dropped')
  expect(exitCode).toBe(0)
})

test('names the file and line of what is no URL, goes on, and exits with 1', async () => {
  using folder = temporaryFolder()
  await using site = await serve({ '/1': '<a>1</a>' })
  folder.write('urls.txt', `# list\nhtp://example.org/x\n${site.url('/1')}\n`)
  const { exitCode, stdout, stderr } = await runCommand(['-i', 'urls.txt', '--bare'], { cwd: folder.path })
  expect(stdout.toString()).toBe('"1"\n')
  expect(stderr).toContain('URL_INVALID')
  expect(stderr).toContain('urls.txt:2')
  expect(exitCode).toBe(1)
})

test('mills local files', async () => {
  using folder = temporaryFolder()
  folder.write('b.xml', '<a>b</a>')
  folder.write('a.xml', '<a>a</a>')
  const { exitCode, stdout, stderr } = await runCommand(['*.xml', 'absent.xml', '--bare', '--ordered'], {
    cwd: folder.path,
  })
  expect(stdout.toString()).toBe('"a"\n"b"\n')
  expect(stderr).toContain('FILE_UNREADABLE')
  expect(exitCode).toBe(1)
})

test('the last line of stderr is the command that tries again what failed, and it completes the output', async () => {
  using folder = temporaryFolder()
  const late = recovering('<a>late</a>')
  const odd = recovering('<a>odd</a>')
  await using site = await serve({ '/good': '<a>good</a>', '/late': late.route, '/o%7Bd%7Dd': odd.route })
  folder.write('urls.txt', ['/good', '/late', '/o{d}d'].map(site.url).join('\n'))
  const setting = { cwd: folder.path }
  const first = await runCommand(['-i', 'urls.txt', '--bare', '-o', 'it s.ndjson'], setting)
  expect(first.exitCode).toBe(1)
  expect(readFileSync(folder.file('it s.ndjson'), 'utf8')).toBe('"good"\n')
  const command = lastLine(first.stderr)
  expect(command).toMatch(/^xmlmill /)
  late.recover()
  odd.recover()
  const second = await runShell(command, setting)
  expect(second.stderr).not.toContain('failed')
  expect(second.exitCode).toBe(0)
  const records = readFileSync(folder.file('it s.ndjson'), 'utf8').split('\n').sort()
  expect(records).toEqual(['', '"good"', '"late"', '"odd"'])
})

test('many failures are tried again from a file, which a second failure of theirs replaces', async () => {
  using folder = temporaryFolder()
  const late = Array.from({ length: 12 }, (_, index) => recovering(`<a>${index}</a>`))
  await using site = await serve(Object.fromEntries(late.map(({ route }, index) => [`/${index}`, route])))
  const setting = { cwd: folder.path }
  const first = await runCommand([`${site.url('/')}[0-11]`, '--bare'], setting)
  expect(lastLine(first.stderr)).toBe('xmlmill -i xmlmill.failed.txt --bare')
  for (const { recover } of late.slice(0, 6)) recover()
  const second = await runShell(lastLine(first.stderr), setting)
  expect(second.stdout.toString().trim().split('\n').sort()).toEqual(['"0"', '"1"', '"2"', '"3"', '"4"', '"5"'])
  expect(lastLine(second.stderr)).toBe('xmlmill -i xmlmill.failed.txt --bare')
  for (const { recover } of late) recover()
  const third = await runShell(lastLine(second.stderr), setting)
  expect(third.exitCode).toBe(0)
  expect(third.stdout.toString().trim().split('\n')).toHaveLength(6)
})

test('suggests the flag that was meant, and fetches nothing', async () => {
  using folder = temporaryFolder()
  await using site = await serve({ '/a': '<a/>' })
  const { exitCode, stdout, stderr } = await runCommand([site.url('/a'), '--recrod', 'x'], { cwd: folder.path })
  expect(stderr).toContain('--recrod is not an option; did you mean --record?')
  expect([exitCode, stdout.length, site.hits()]).toEqual([2, 0, 0])
})

test('reports all impossible values together, and exits with 2', async () => {
  using folder = temporaryFolder()
  const args = ['x.xml', '-j', '0', '--rate', 'fast', '--progress', 'loud', '--max-bytes', 'big']
  const { exitCode, stderr } = await runCommand(args, { cwd: folder.path })
  for (const flag of ['--concurrency is 0', '--rate is fast', '--progress is loud', '--max-bytes is big']) {
    expect(stderr).toContain(flag)
  }
  expect(stderr).not.toMatch(/\n\s+at /)
  expect(exitCode).toBe(2)
})

test('says what to give when nothing was given', async () => {
  using folder = temporaryFolder()
  const { exitCode, stderr } = await runCommand([], { cwd: folder.path })
  expect(stderr).toContain('give URLs, or a list with --input-file')
  expect(exitCode).toBe(2)
})

test.each([
  [['reprot', 'x.ndjson'], 'reprot is no command, no file and no URL; did you mean xmlmill report?'],
  [['something'], 'something is no command, no file and no URL; xmlmill --help shows the commands'],
  [['report'], 'report needs OUTPUT|EVENTS: xmlmill report OUTPUT|EVENTS'],
  [['merge', 'x.ndjson'], 'merge needs OUTPUT PART…: xmlmill merge'],
  [['a.xml', '-o', 'x.xlsx'], '.xlsx is none of these'],
  [['a.xml', '-o', 'x.xml.gz'], '.xml is none of these'],
] as const)('%j is told what is wrong with it, and exits with 2', async (args, message) => {
  using folder = temporaryFolder()
  folder.write('a.xml', '<a/>')
  const { exitCode, stderr } = await runCommand(args, { cwd: folder.path })
  expect(stderr).toContain(message)
  expect(stderr).toContain('OPTIONS_INVALID')
  expect(exitCode).toBe(2)
})

test('a file whose name is a word is milled, into a file without an ending', async () => {
  using folder = temporaryFolder()
  folder.write('papers', '<a>1</a>')
  const { exitCode } = await runCommand(['papers', '--bare', '-o', 'out-2.5'], { cwd: folder.path })
  expect(readFileSync(folder.file('out-2.5'), 'utf8')).toBe('"1"\n')
  expect(exitCode).toBe(0)
})

test('a list that cannot be read is all that is said', async () => {
  using folder = temporaryFolder()
  const { stderr } = await runCommand(['-i', 'absent.txt', '-o', 'x.ndjson'], { cwd: folder.path })
  expect(stderr).toMatch(/^xmlmill: the list absent\.txt cannot be read: .*\nSOURCE_UNREADABLE: .*\n$/)
})

test('a list that cannot be read ends the run with 2', async () => {
  using folder = temporaryFolder()
  const { exitCode, stderr } = await runCommand(['-i', 'absent.txt'], { cwd: folder.path })
  expect(stderr).toContain('absent.txt')
  expect(stderr).not.toMatch(/\n\s+at /)
  expect(exitCode).toBe(2)
})

for (const [flag, value] of [
  ['--record', '/a//'],
  ['--cacert', 'absent.pem'],
  ['--proxy', 'not a url'],
] as const) {
  test(`${flag} that cannot be used ends the run with 2, however many documents there are`, async () => {
    using folder = temporaryFolder()
    await using site = await serve({ '/a': '<a/>' })
    const args = [`${site.url('/a')}?[1-100]`, flag, value]
    const { exitCode, stdout, stderr } = await runCommand(args, { cwd: folder.path })
    expect(stderr).toContain(`stopped: `)
    expect(stderr).toContain(flag)
    expect(stderr).not.toMatch(/\n\s+at /)
    expect([exitCode, stdout.length]).toEqual([2, 0])
    // The threads find out, each with its first document.
    expect(site.hits()).toBeLessThanOrEqual(4)
  })
}

test('exits with 3 when the output cannot be written', async () => {
  using folder = temporaryFolder()
  await using site = await serve({ '/a': '<a>1</a>' })
  const cwd = folder.path
  folder.write('a-file', '')
  for (const [args, target] of [
    [['-o', '/dev/full'], '/dev/full'],
    [['-o', 'a-file/x'], 'a-file/x'],
  ] as const) {
    const { exitCode, stderr } = await runCommand([site.url('/a'), ...args], { cwd })
    expect(stderr).toContain(target)
    expect(stderr).not.toMatch(/\n\s+at /)
    expect(exitCode).toBe(3)
  }
  const redirected = await runShell(`xmlmill ${site.url('/a')} > /dev/full`, { cwd })
  expect(redirected.stderr).toContain('stdout could not be written')
  expect(redirected.exitCode).toBe(3)
})

test('ends quietly when its reader has enough', async () => {
  using folder = temporaryFolder()
  const record = `<r>${'x'.repeat(1000)}</r>`
  // After so many none is answered: only who hears that nobody reads any more comes to an end.
  const document: Route = (_, response) => {
    if (site.hits() <= 10) response.end(`<a>${record.repeat(300)}</a>`)
  }
  const routes = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`/${i}`, document]))
  await using site: Site = await serve(routes)
  const line = `xmlmill '${site.url('/')}[0-59]' -r r --bare --summary summary.json | head -n 1; echo "\${PIPESTATUS[0]}"`
  const { stdout, stderr } = await runShell(line, { cwd: folder.path })
  expect(stdout.toString()).toBe(`"${'x'.repeat(1000)}"\n0\n`)
  expect(stderr).not.toMatch(/error|EPIPE|\n\s+at /i)
  const summary = JSON.parse(readFileSync(folder.file('summary.json'), 'utf8'))
  expect(summary.stopped.code).toBe('OUTPUT_CLOSED')
})

test('goes on when the reader of its messages went away', async () => {
  using folder = temporaryFolder()
  await using site = await serve({ '/a': '<a>1</a>' })
  const line = `xmlmill ${site.url('/a')} -o out.ndjson --bare 2> >(exec true); echo $?`
  const { stdout } = await runShell(line, { cwd: folder.path })
  expect(stdout.toString()).toBe('0\n')
  expect(readFileSync(folder.file('out.ndjson'), 'utf8')).toBe('"1"\n')
})

/** A site with one document that is whole, and one whose answer never ends. */
async function serveEndless(): Promise<Site & { readonly asked: Promise<void> }> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const endless: Route = (_, response) => {
    response.writeHead(200).write('<a>')
    resolve()
  }
  return Object.assign(await serve({ '/whole': '<a>1</a>', '/endless': endless }), { asked: promise })
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`stops in order at ${signal}, with exit code ${code} and what is whole in the output`, async () => {
    using folder = temporaryFolder()
    const site = await serveEndless()
    const { child, finished, stderr } = startCommand(
      [site.url('/whole'), site.url('/endless'), '-o', 'out.ndjson', '--bare', '--progress', 'json'],
      { cwd: folder.path },
    )
    await site.asked
    // Whole documents are told of once a second.
    while (!stderr().includes('"done":1')) await new Promise((resolve) => child.stderr?.once('data', resolve))
    child.kill(signal)
    const { exitCode } = await finished
    expect(exitCode).toBe(code)
    expect(readFileSync(folder.file('out.ndjson'), 'utf8')).toBe('"1"\n')
    await site.close()
  })
}

test('stops at a signal also while it waits for a list', async () => {
  using folder = temporaryFolder()
  const site = await serveEndless()
  const { child, finished } = startCommand(['-i', '-', site.url('/endless')], {
    cwd: folder.path,
    stdin: '',
    keepsStdinOpen: true,
  })
  await site.asked
  child.kill('SIGINT')
  expect((await finished).exitCode).toBe(130)
  await site.close()
})

test('prints no colour without a terminal, unless it is asked for', async () => {
  using folder = temporaryFolder()
  await using site = await serve({})
  const plain = await runCommand([site.url('/none')], { cwd: folder.path })
  expect(plain.stderr).not.toContain('\u001b')
  const colored = await runCommand([site.url('/none')], { cwd: folder.path, env: { FORCE_COLOR: '1' } })
  expect(colored.stderr).toContain('\u001b')
  const refused = await runCommand([site.url('/none')], { cwd: folder.path, env: { NO_COLOR: '1' } })
  expect(refused.stderr).not.toContain('\u001b')
})

test('-q shows nothing but what failed', async () => {
  using folder = temporaryFolder()
  await using site = await serve({ '/a': '<a>1</a>' })
  const good = await runCommand([site.url('/a'), '-q'], { cwd: folder.path })
  expect([good.exitCode, good.stderr]).toEqual([0, ''])
  const bad = await runCommand([site.url('/a'), site.url('/none'), '-q'], { cwd: folder.path })
  expect(bad.exitCode).toBe(1)
  expect(bad.stderr).toMatch(/^failed {2}http:\S+\/none HTTP_REFUSED: .*404.*\n$/)
})

test('--progress json is a JSON text a line, to the last of which the run has ended', async () => {
  using folder = temporaryFolder()
  await using site = await serve({ '/a': '<a>1</a>' })
  const { stderr } = await runCommand([site.url('/a'), site.url('/none'), '--progress', 'json'], { cwd: folder.path })
  const lines: unknown[] = stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(lines).toContainEqual(expect.objectContaining({ type: 'failed', code: 'HTTP_REFUSED', status: 404 }))
  expect(lines.at(-1)).toMatchObject({ type: 'progress', ended: true, done: 1, failed: 1, documents: 2 })
})

test('--summary writes the figures of the run, also of one that failed', async () => {
  using folder = temporaryFolder()
  await using site = await serve({ '/a': '<a>1</a>' })
  const args = [site.url('/a'), site.url('/none'), '-q', '--summary', 'summary.json']
  await runCommand(args, { cwd: folder.path })
  expect(JSON.parse(readFileSync(folder.file('summary.json'), 'utf8'))).toMatchObject({
    documents: { done: 1, failed: 1, listed: 2, waiting: 0 },
    records: { written: 1, rejected: 0 },
    failures: [{ code: 'HTTP_REFUSED', count: 1 }],
    stopped: null,
  })
})

test('a summary that cannot be written is said in a sentence, after the run', async () => {
  using folder = temporaryFolder()
  await using site = await serve({ '/a': '<a>1</a>' })
  const { exitCode, stdout, stderr } = await runCommand([site.url('/a'), '--bare', '--summary', 'no/such/x.json'], {
    cwd: folder.path,
  })
  expect(stdout.toString()).toBe('"1"\n')
  expect(stderr).toContain('no/such/x.json')
  expect(stderr).not.toMatch(/\n\s+at /)
  expect(exitCode).toBe(3)
})

test('hides credentials in all that it prints', async () => {
  using folder = temporaryFolder()
  await using site = await serve({ '/a': '<a>1</a>' })
  const secret = (path: string) => site.url(path).replace('//', '//user:hunter2@')
  const { stdout, stderr } = await runCommand([secret('/a'), secret('/none')], { cwd: folder.path })
  expect(stdout.toString()).toContain('"record":"1"')
  expect(stdout.toString()).not.toContain('hunter2')
  expect(stderr).toContain('HTTP_REFUSED')
  expect(stderr).not.toContain('hunter2')
  expect(lastLine(stderr)).toBe('xmlmill -i xmlmill.failed.txt')
})
