/** `node bench/report/publish.ts FILE`: makes docs/benchmark.md and its chart again, from a result's file. */
import { readFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Result } from '../result.ts'
import { tables } from './tables.ts'
import { publish } from './write.ts'

const [, , file] = process.argv
if (file === undefined) {
  process.stderr.write('usage: node bench/report/publish.ts bench/results/FILE.json\n')
  process.exitCode = 2
} else {
  const result: Result = JSON.parse(readFileSync(file, 'utf8'))
  publish(result, tables(result), relative(fileURLToPath(new URL('../../docs', import.meta.url)), resolve(file)))
}
