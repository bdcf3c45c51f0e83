/** Every check that is not a test, one after the other; all run, the exit code says whether all passed. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const CHECKS: Readonly<Record<string, readonly string[]>> = {
  'format and lint': ['biome', 'ci', '.'],
  types: ['tsc', '-p', '.'],
  'types of pages': ['tsc', '-p', 'src/report/html/page'],
  'types of the tests of pages': ['tsc', '-p', 'test/browser'],
  imports: ['node', 'scripts/import-rules.ts'],
  'unused files, exports, dependencies': ['knip'],
  'error documentation': ['node', 'scripts/error-docs.ts', '--check'],
  'command line documentation': ['node', 'scripts/cli-docs.ts', '--check'],
  'conformance documentation': ['node', 'scripts/conformance-docs.ts', '--check'],
  build: ['node', 'scripts/build.ts'],
  'package entry points': ['publint', '--strict'],
}

const root = fileURLToPath(new URL('..', import.meta.url))
const failed: string[] = []
for (const [name, [command = '', ...args]] of Object.entries(CHECKS)) {
  process.stdout.write(`== ${name}\n`)
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) failed.push(name)
}
process.stdout.write(failed.length === 0 ? '== all checks passed\n' : `== failed: ${failed.join(', ')}\n`)
process.exitCode = failed.length === 0 ? 0 : 1
