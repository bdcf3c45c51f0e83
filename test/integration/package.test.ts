/** The published package, as its users get it: packed, installed into an empty folder, run and compiled against. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { VERSION } from '../../src/version.ts'
import { serve } from '../support/serve.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'xmlmill-package-'))
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: root })
  const tarball: string = JSON.parse(stdout.slice(stdout.indexOf('[')))[0].filename
  await writeFile(join(folder, 'package.json'), '{ "name": "user", "private": true, "type": "module" }')
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', `./${tarball}`], { cwd: folder })
})

afterAll(() => rm(folder, { recursive: true, force: true }))

/** The installed command with this Node. */
function xmlmill(...args: string[]) {
  return run(process.execPath, [join(folder, 'node_modules/.bin/xmlmill'), ...args], { cwd: folder })
}

test('the installed command says its version', async () => {
  const { stdout } = await xmlmill('--version')
  expect(stdout).toBe(`${VERSION}\n`)
})

test('the installed command mills a document', async () => {
  await using site = await serve({ '/a': '<r><x>1</x><x>2</x></r>' })
  const { stdout } = await xmlmill(site.url('/a'), '-r', 'x', '--bare')
  expect(stdout).toBe('"1"\n"2"\n')
})

test('the installed command peeks, in a thread of its own kind', async () => {
  await using site = await serve({ '/a': '<r><x>1</x><x>2</x></r>' })
  const { stdout } = await xmlmill('peek', site.url('/a'))
  expect(stdout).toContain('--record x')
})

test('the installed command finds the page of its reports', async () => {
  await using site = await serve({ '/a': '<r><x>1</x><x>2</x></r>' })
  await xmlmill(site.url('/a'), '-r', 'x', '-o', 'reported.ndjson', '--report', 'report.html')
  // Not `toContain`: where it fails, it prints all of the page.
  const page = await readFile(join(folder, 'report.html'), 'utf8')
  expect(page.includes('This page asks nothing of any network.')).toBe(true)
})

test('the installed command demonstrates itself, with a server in a thread of its own', async () => {
  const { stderr } = await xmlmill('demo')
  expect(stderr).toMatch(/^✓ 500 documents milled/m)
})

test('the installed library shows its metrics', async () => {
  await using site = await serve({ '/a': '<r><x>1</x><x>2</x></r>' })
  const program = `
    import { createServer } from 'node:net'
    import { mill } from 'xmlmill'
    const free = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => free.once('listening', resolve))
    const { port } = free.address()
    await new Promise((resolve) => free.close(resolve))
    for await (const document of mill('${site.url('/a')}', { record: 'x', metrics: port })) {
      const response = await fetch('http://127.0.0.1:' + port + '/metrics')
      console.log(/^xmlmill_slots .*/m.exec(await response.text())[0])
    }
  `
  await writeFile(join(folder, 'metrics.mjs'), program)
  const { stdout } = await run(process.execPath, ['metrics.mjs'], { cwd: folder })
  expect(stdout).toBe('xmlmill_slots 4\n')
})

test('the installed command says of a transform that is not there what is missing, and not from where', async () => {
  const ended = xmlmill('http://127.0.0.1:9/a', '-r', 'x', '--transform', './none.mjs')
  await expect(ended).rejects.toMatchObject({ stderr: expect.stringMatching(/Cannot find module '[^']+none\.mjs'$/m) })
})

test('a document that ends the installed command is tried again in a process apart', async () => {
  await using site = await serve({ '/a': '<r><x>1</x></r>' })
  await writeFile(
    join(folder, 'deadly.mjs'),
    "export default () => { process.kill(process.pid, 'SIGKILL'); for (;;); }",
  )
  const args = [site.url('/a'), '-r', 'x', '-o', 'deadly.ndjson', '--transform', 'deadly.mjs', '--retries', '0']
  await expect(xmlmill(...args)).rejects.toMatchObject({ signal: 'SIGKILL' })
  await expect(xmlmill(...args)).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('the process that it had to itself ended by SIGKILL'),
  })
})

test('a TypeScript program compiles against the installed types and runs', async () => {
  await using site = await serve({ '/a': '<r><x>1</x><x>2</x></r>' })
  const program = `
    import { mill, type DocumentResult } from 'xmlmill'
    const seen: unknown[] = []
    for await (const document of mill('${site.url('/a')}', { record: 'x' })) {
      const result: DocumentResult = document
      if (result.status === 'done') seen.push(...result.records())
    }
    console.log(JSON.stringify(seen))
  `
  await writeFile(join(folder, 'program.ts'), program)
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2024',
    strict: true,
    noEmit: true,
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
  }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['program.ts'] }))
  await run(join(root, 'node_modules/.bin/tsc'), ['-p', folder])
  const { stdout } = await run(process.execPath, ['program.ts'], { cwd: folder })
  expect(stdout).toBe('["1","2"]\n')
})
