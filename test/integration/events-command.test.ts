import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { givenOptions, withImpliedValues } from '../../src/cli/flags.ts'
import { mill } from '../../src/index.ts'
import { replayEvents } from '../../src/report/events-file-reader.ts'
import { serve } from '../support/serve.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const XML = '<all><r>1</r><r>2</r></all>'

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

async function xmlmill(folder: TemporaryFolder, ...args: readonly string[]): Promise<Ended> {
  const { promise, resolve } = Promise.withResolvers<Ended>()
  const child = execFile(process.execPath, [MAIN, ...args], { cwd: folder.path }, (_error, stdout, stderr) =>
    resolve({ code: child.exitCode ?? -1, stdout, stderr }),
  )
  return promise
}

/** The overview that is embedded in a report. */
function dataOf(path: string): { readonly hasNotes: boolean } {
  const text = /id="report-data">([^<]+)</.exec(readFileSync(path, 'utf8'))?.[1] ?? ''
  return JSON.parse(gunzipSync(Buffer.from(text, 'base64')).toString()).overview
}

test('one run gives events, report, live page and metrics; its events and its ledger give reports later', async () => {
  using folder = temporaryFolder()
  await using site = await serve({ '/a.xml': XML, '/b.xml': '<all><r>' })
  const watching = ['--events', 'run.ndjson', '--report', 'run.html', '--live', '0', '--metrics', '0']
  const urls = [site.url('/a.xml'), site.url('/b.xml')]
  const run = await xmlmill(folder, ...urls, '-r', 'r', '-o', 'out.ndjson', '--retries', '0', ...watching)
  expect(run.code).toBe(1)
  expect(run.stderr).toMatch(/^live: http:\/\/127\.0\.0\.1:\d+\/$/m)
  expect(run.stderr).toMatch(/^metrics: http:\/\/127\.0\.0\.1:\d+\/metrics$/m)
  expect(readFileSync(folder.file('run.html'), 'utf8')).toContain('id="report-data"')
  const types: string[] = []
  await replayEvents(folder.file('run.ndjson'), ({ type }) => types.push(type))
  expect(types[0]).toBe('run-started')
  expect(types.at(-1)).toBe('run-ended')
  expect(types).toEqual(expect.arrayContaining(['attempt-ended', 'document-done', 'document-failed', 'load-sampled']))

  const replayed = await xmlmill(folder, 'report', 'run.ndjson', '-o', 'again.html')
  expect([replayed.code, replayed.stderr]).toEqual([0, ''])
  expect(replayed.stdout).toContain('again.html')
  expect(existsSync(folder.file('again.html'))).toBe(true)

  const fromLedger = await xmlmill(folder, 'report', 'out.ndjson')
  expect([fromLedger.code, fromLedger.stderr]).toEqual([0, ''])
  expect(readFileSync(folder.file('out.html'), 'utf8')).toContain('1 of 2 documents milled')
  expect(fromLedger.stdout).toContain('--report or --events keeps them')
  expect(readdirSync(folder.path).filter((name) => /-(wal|shm)$/.test(name))).toEqual([])
  const elsewhere = await xmlmill(folder, 'report', folder.file('out.ndjson'))
  expect(elsewhere.stdout).toContain(folder.file('out.html'))
  // What a ledger does not know is not claimed.
  expect([dataOf(folder.file('again.html')).hasNotes, dataOf(folder.file('out.html')).hasNotes]).toEqual([true, false])

  const neither = await xmlmill(folder, 'report', 'run.html')
  expect(neither.code).toBe(2)
  expect(neither.stderr).toContain('REPORT_UNREADABLE')
})

test('a port that is taken, or a report without a place, stops a run before anything is fetched', async () => {
  using folder = temporaryFolder()
  await using site = await serve({ '/a.xml': XML })
  const taken = await xmlmill(folder, site.url('/a.xml'), '--live', new URL(site.url('/')).port)
  expect(taken.code).toBe(2)
  expect(taken.stderr).toContain('PORT_UNAVAILABLE')
  const homeless = await xmlmill(folder, site.url('/a.xml'), '--report', 'absent/run.html')
  expect(homeless.code).toBe(2)
  expect(homeless.stderr).toContain('REPORT_FAILED')
  expect(site.hits()).toBe(0)
})

test('--live and --metrics may stand without a port, before anything', () => {
  expect(withImpliedValues(['--live', 'http://h/a.xml'])).toEqual(['--live=8484', 'http://h/a.xml'])
  expect(withImpliedValues(['a.xml', '--metrics'])).toEqual(['a.xml', '--metrics=9464'])
  expect(withImpliedValues(['--live', '9000', '--metrics=1'])).toEqual(['--live', '9000', '--metrics=1'])
  expect(givenOptions({ live: '8484' })).toEqual({ live: 8484 })
})

test('a program that mills has the same reports', async () => {
  using folder = temporaryFolder()
  await using site = await serve({ '/a.xml': XML })
  const options = { record: 'r', report: folder.file('run.html'), events: folder.file('run.ndjson') }
  for await (const document of mill(site.url('/a.xml'), options)) expect(document.status).toBe('done')
  expect(existsSync(options.report)).toBe(true)
  expect(readFileSync(options.events, 'utf8')).toContain('"run-ended"')
})
