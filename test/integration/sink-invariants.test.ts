/** What every output promises, tried on each: the real command line, and what is there afterwards. For kills see test/faults/kill.test.ts. */
import { readFileSync, rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { verifyOutput } from '../../src/sinks/verify.ts'
import { type Finished, runCommand, startCommand } from '../support/command-line.ts'
import { startPostgres } from '../support/postgres.ts'
import { type Route, type Site, serve } from '../support/serve.ts'
import { COLUMNS, FILE_TARGETS, postgres, type Row, type SinkTarget } from '../support/sink-targets.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'

const DOCUMENTS = 12

/** Texts with what quoting goes wrong with. */
function textOf(document: number, n: number): string {
  return ['plain', 'comma, "quote"', 'line\nfeed', 'back\\slash\ttab', 'é 😀 \\N'][(document + n) % 5] ?? ''
}

function recordsOf(document: number): number {
  return [1, 3, 0, 40][document % 4] ?? 0
}

function xmlOf(document: number): string {
  const records = Array.from({ length: recordsOf(document) }, (_, n) => {
    const text = textOf(document, n).replaceAll('\n', '&#10;').replaceAll('\t', '&#9;')
    return `<r id="${document}-${n}">${text}</r>`
  })
  return `<a>${records.join('')}</a>`
}

function expectedRows(site: Site, documents = DOCUMENTS): Row[] {
  return Array.from({ length: documents }, (_, document) =>
    Array.from({ length: recordsOf(document) }, (_, n) => ({
      url: site.url(`/${document}`),
      n,
      id: `${document}-${n}`,
      text: textOf(document, n),
    })),
  ).flat()
}

function sorted(rows: readonly Row[]): Row[] {
  return rows.toSorted((a, b) => a.url.localeCompare(b.url) || a.n - b.n)
}

// Started before the tests are named: its databases are among them.
const server = await startPostgres()
afterAll(() => server[Symbol.asyncDispose]())

const targets: readonly SinkTarget[] = [
  ...FILE_TARGETS,
  postgres(await server.database('whole'), []),
  postgres(await server.database('columns'), COLUMNS),
  postgres(await server.database('keyed'), [...COLUMNS, '--key', 'id', '--table', 'things']),
]

describe.each(targets)('$name', (target) => {
  let site: Site
  beforeAll(async () => {
    const routes: Record<string, Route> = { '/bad': `${xmlOf(3).slice(0, -4)}<r></a>` }
    for (let document = 0; document < DOCUMENTS + 3; document++) routes[`/${document}`] = xmlOf(document)
    site = await serve(routes)
  })
  afterAll(() => site.close())

  const urls = (documents = DOCUMENTS) => Array.from({ length: documents }, (_, document) => site.url(`/${document}`))

  async function newFolder() {
    await target.clear?.()
    return temporaryFolder()
  }

  function run(folder: TemporaryFolder, documents: readonly string[], more: readonly string[] = []): Promise<Finished> {
    const args = [...documents, '-r', 'r', '-o', target.output, ...target.args, ...more]
    return runCommand(args, { cwd: folder.path })
  }

  test('has every record of every document once, and those of a document in order', async () => {
    using folder = await newFolder()
    const { exitCode, stderr } = await run(folder, urls())
    expect(stderr).not.toContain('rejected 1')
    expect(exitCode).toBe(0)
    const rows = await target.rows(folder.path)
    expect(sorted(rows)).toEqual(sorted(expectedRows(site)))
    for (const url of urls()) {
      const numbers = rows.filter((row) => row.url === url).map(({ n }) => n)
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
    }
  })

  test('has nothing of a document that failed, and all of it once it is well', async () => {
    using folder = await newFolder()
    const { exitCode } = await run(folder, [site.url('/bad'), site.url('/1')])
    expect(exitCode).toBe(1)
    expect((await target.rows(folder.path)).map(({ id }) => id)).toEqual(['1-0', '1-1', '1-2'])
  })

  test('a second run changes nothing, and a longer list adds what is new', async () => {
    using folder = await newFolder()
    await run(folder, urls())
    const before = site.hits()
    const again = await run(folder, urls())
    expect([again.exitCode, site.hits() - before]).toEqual([0, 0])
    expect(sorted(await target.rows(folder.path))).toEqual(sorted(expectedRows(site)))
    expect((await run(folder, urls(DOCUMENTS + 3))).exitCode).toBe(0)
    expect(site.hits() - before).toBe(3)
    expect(sorted(await target.rows(folder.path))).toEqual(sorted(expectedRows(site, DOCUMENTS + 3)))
  })

  test('--fresh starts over', async () => {
    using folder = await newFolder()
    await run(folder, urls())
    const { exitCode, stderr } = await run(folder, urls(4), ['--fresh', '--yes'])
    expect([exitCode, exitCode === 0 ? '' : stderr]).toEqual([0, ''])
    expect(sorted(await target.rows(folder.path))).toEqual(sorted(expectedRows(site, 4)))
  })

  test('--update replaces what has changed, asks for nothing twice that has not, and leaves it as it is', async () => {
    using folder = await newFolder()
    const bodies: Record<string, string> = { '/tagged': xmlOf(1), '/dated': xmlOf(4), '/plain': xmlOf(8) }
    let version = 1
    let unchanged = 0
    const validators = (path: string): Record<string, string> => {
      if (path === '/tagged') return { etag: `"${version}"` }
      const day = `0${version} Jan 2026 00:00:00 GMT`
      return path === '/dated' ? { 'last-modified': version === 1 ? `Thu, ${day}` : `Fri, ${day}` } : {}
    }
    const route =
      (path: string): Route =>
      ({ headers }, response) => {
        const mine = validators(path)
        const isSame =
          (mine.etag !== undefined && headers['if-none-match'] === mine.etag) ||
          (mine['last-modified'] !== undefined && headers['if-modified-since'] === mine['last-modified'])
        if (isSame) unchanged += 1
        if (isSame) response.writeHead(304).end()
        else response.writeHead(200, mine).end(bodies[path])
      }
    const routes = Object.keys(bodies).map((path) => [path, route(path)] as const)
    await using changing = await serve({ ...Object.fromEntries(routes), '/still': xmlOf(5) })
    const list = ['/tagged', '/dated', '/plain', '/still'].map((path) => changing.url(path))
    const ids = async () => (await target.rows(folder.path)).map(({ id }) => id).toSorted()
    expect((await run(folder, list)).exitCode).toBe(0)
    const before = ['1-0', '1-1', '1-2', '4-0', '5-0', '5-1', '5-2', '8-0']
    expect(await ids()).toEqual(before)

    const same = await run(folder, list, ['--update'])
    expect([same.exitCode, unchanged, await ids()]).toEqual([0, 2, before])
    expect(same.stderr).toContain('4 already there')

    await target.execute?.(folder.path, `UPDATE ${target.table} SET n = n + 1000 WHERE url LIKE '%/still'`)
    version = 2
    bodies['/tagged'] = xmlOf(9)
    bodies['/dated'] = xmlOf(12)
    bodies['/plain'] = xmlOf(13)
    expect((await run(folder, list, ['--update'])).exitCode).toBe(0)
    expect(await ids()).toEqual(['12-0', '13-0', '13-1', '13-2', '5-0', '5-1', '5-2', '9-0', '9-1', '9-2'])
    if (target.execute !== undefined) {
      const still = (await target.rows(folder.path)).filter(({ url }) => url.endsWith('/still'))
      expect(still.map(({ n }) => n)).toEqual([1000, 1001, 1002])
    }
    const output = target.output.includes('://') ? target.output : folder.file(target.output)
    expect((await verifyOutput(output)).problems).toEqual([])
  })

  test('refuses records of another shape', async () => {
    using folder = await newFolder()
    await run(folder, urls(4))
    const { exitCode, stderr } = await run(folder, urls(), ['--no-attributes'])
    expect(stderr).toContain('SHAPE_CHANGED')
    expect(exitCode).toBe(2)
    expect(sorted(await target.rows(folder.path))).toEqual(sorted(expectedRows(site, 4)))
  })

  test('begins the file of rejects anew where somebody has removed it', async () => {
    using folder = await newFolder()
    const transform = folder.write(
      'transform.ts',
      `export default (record: object, { url }: { url: string }) => {
        if (/[13]$/.test(url)) throw new Error('no')
        return record
      }`,
    )
    const rejects = folder.file(target.rejects ?? `${target.output.replace(/\/$/, '')}.rejects.ndjson`)
    const rejected = () =>
      readFileSync(rejects, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).url)
    await run(folder, urls(3), ['--transform', transform])
    expect(rejected()).toEqual(Array(3).fill(site.url('/1')))
    rmSync(rejects)
    const { exitCode, stderr } = await run(folder, urls(4), ['--transform', transform])
    expect([exitCode, exitCode === 1 ? '' : stderr]).toEqual([1, ''])
    expect(rejected()).toEqual(Array(recordsOf(3)).fill(site.url('/3')))
    // And goes on with it.
    expect((await run(folder, urls(5), ['--transform', transform])).exitCode).toBe(0)
    expect(rejected()).toHaveLength(recordsOf(3))
  })

  test('keeps a second run out while the first one has it', async () => {
    using folder = await newFolder()
    let answer = () => {}
    const asked = Promise.withResolvers<void>()
    await using slow = await serve({
      '/slow': (_, response) => {
        answer = () => response.end('<a><r id="s">late</r></a>')
        asked.resolve()
      },
    })
    const args = ['-r', 'r', '-o', target.output, ...target.args]
    const first = startCommand([slow.url('/slow'), ...args], { cwd: folder.path })
    await asked.promise
    const second = await runCommand([site.url('/1'), ...args], { cwd: folder.path })
    expect(second.stderr).toContain('OUTPUT_LOCKED')
    expect(second.stderr).toContain(`process ${first.child.pid}`)
    expect(second.exitCode).toBe(4)
    answer()
    expect((await first.finished).exitCode).toBe(0)
    expect((await target.rows(folder.path)).map(({ id }) => id)).toEqual(['s'])
  })
})
