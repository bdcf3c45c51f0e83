/** The published package, as its users get it: packed, installed into an empty folder, run and compiled against. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
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
