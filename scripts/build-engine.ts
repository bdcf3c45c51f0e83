/**
 * Compiles the engine: workers/xml/assembly to workers/xml/engine/engine.wasm. `--debug` keeps assertions, bounds and
 * names of functions, for fuzzing; `--out FILE` puts the result elsewhere.
 */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { main } from 'assemblyscript/asc'

const { values } = parseArgs({ options: { debug: { type: 'boolean', default: false }, out: { type: 'string' } } })
const source = fileURLToPath(new URL('../workers/xml/assembly/index.ts', import.meta.url))
const target = values.out ?? fileURLToPath(new URL('../workers/xml/engine/engine.wasm', import.meta.url))

const { error, stderr } = await main([
  source,
  '--outFile',
  target,
  '--runtime',
  'stub',
  '--enable',
  'simd',
  ...(values.debug ? ['-O1', '--debug'] : ['-O3', '--noAssert']),
])
if (error) {
  process.stderr.write(`${stderr.toString()}\n${error.message}\n`)
  process.exitCode = 1
}
