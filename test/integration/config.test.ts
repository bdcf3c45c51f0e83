import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { runCommand } from '../support/command-line.ts'
import { serve } from '../support/serve.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const XML = '<r><p id="1"><a>x</a></p><p id="2"><a>y</a></p></r>'
const PACKAGE = pathToFileURL(new URL('../../src/index.ts', import.meta.url).pathname).href

test('takes options from xmlmill.config.json in the working directory', async () => {
  using folder = temporaryFolder()
  folder.write('a.xml', XML)
  folder.write('xmlmill.config.json', JSON.stringify({ record: 'p', bare: true, array: ['a'] }))
  const { exitCode, stdout } = await runCommand(['a.xml'], { cwd: folder.path })
  expect([exitCode, stdout.toString()]).toEqual([0, '{"a":["x"],"@_id":"1"}\n{"a":["y"],"@_id":"2"}\n'])
})

test('takes options from xmlmill.config.ts, written with defineConfig', async () => {
  using folder = temporaryFolder()
  folder.write('a.xml', XML)
  folder.write(
    'xmlmill.config.ts',
    `import { defineConfig } from '${PACKAGE}'\nexport default defineConfig({ record: 'p', bare: true as boolean })\n`,
  )
  const { exitCode, stdout } = await runCommand(['a.xml'], { cwd: folder.path })
  expect([exitCode, stdout.toString().split('\n')[0]]).toEqual([0, '{"a":"x","@_id":"1"}'])
})

test('lets flags win, and URLs on the command line over the lists of the file', async () => {
  await using site = await serve({ '/a.xml': XML, '/b.xml': XML })
  using folder = temporaryFolder()
  folder.write('urls.txt', site.url('/a.xml'))
  folder.write('xmlmill.config.json', JSON.stringify({ inputFile: 'urls.txt', record: 'p', bare: true }))
  const listed = await runCommand([], { cwd: folder.path })
  expect([site.hits('/a.xml'), listed.stdout.toString()]).toEqual([1, '{"a":"x","@_id":"1"}\n{"a":"y","@_id":"2"}\n'])
  const given = await runCommand([site.url('/b.xml'), '-r', 'a'], { cwd: folder.path })
  expect([site.hits('/a.xml'), site.hits('/b.xml'), given.stdout.toString()]).toEqual([1, 1, '"x"\n"y"\n'])
})

test('takes another file with --config, and then not the one in the working directory', async () => {
  using folder = temporaryFolder()
  folder.write('a.xml', XML)
  folder.write('xmlmill.config.json', JSON.stringify({ record: 'nothing' }))
  folder.write('other.json', JSON.stringify({ record: 'a', bare: true }))
  const { stdout } = await runCommand(['a.xml', '--config', 'other.json'], { cwd: folder.path })
  expect(stdout.toString()).toBe('"x"\n"y"\n')
})

test('is taken by peek as well', async () => {
  using folder = temporaryFolder()
  folder.write('a.xml', XML)
  folder.write('xmlmill.config.json', JSON.stringify({ record: 'a' }))
  const { stdout } = await runCommand(['peek', 'a.xml', '--types', 'ts'], { cwd: folder.path })
  expect(stdout.toString()).toContain('export type A = string')
})

test('does not repeat what the file says in commands to copy', async () => {
  await using site = await serve({ '/a.xml': XML })
  using folder = temporaryFolder()
  folder.write('my.json', JSON.stringify({ record: 'p', header: 'Authorization: secret', retries: 0 }))
  const args = [site.url('/none.xml'), '--bare', '--config', 'my.json']
  const { stderr } = await runCommand(args, { cwd: folder.path })
  expect(stderr.trimEnd().split('\n').at(-1)).toBe(`xmlmill ${site.url('/none.xml')} --bare --config my.json`)
  const peeked = await runCommand(['peek', site.url('/a.xml'), '--config', 'my.json'], { cwd: folder.path })
  const command = peeked.stdout.toString().trimEnd().split('\n').at(-1)
  expect(command).toBe(`  xmlmill ${site.url('/a.xml')} -o p.ndjson --config my.json`)
})

test.each([
  ['xmlmill.config.json', '{', 'xmlmill.config.json cannot be read'],
  ['xmlmill.config.json', '[]', 'xmlmill.config.json: an array, not an object'],
  ['xmlmill.config.json', '{"recrod": "p"}', 'xmlmill.config.json: recrod is not an option'],
  ['xmlmill.config.json', '{"concurrency": 0}', 'xmlmill.config.json: --concurrency is 0'],
  ['xmlmill.config.ts', 'export const x = 1', 'xmlmill.config.ts: undefined, not an object'],
  ['xmlmill.config.ts', 'throw new Error("broken")', 'xmlmill.config.ts cannot be read: broken'],
])('refuses a wrong %s (%s) by name and fetches nothing', async (name, content, message) => {
  await using site = await serve({ '/a.xml': XML })
  using folder = temporaryFolder()
  folder.write(name, content)
  const { exitCode, stderr } = await runCommand([site.url('/a.xml')], { cwd: folder.path })
  expect([exitCode, site.hits()]).toEqual([2, 0])
  expect(stderr).toContain(message)
})

test('names a file of --config that is not there', async () => {
  const { exitCode, stderr } = await runCommand(['a.xml', '--config', 'missing.json'], { cwd: '/' })
  expect(exitCode).toBe(2)
  expect(stderr).toContain('missing.json cannot be read')
})
