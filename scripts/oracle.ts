/** The long run against libxml2: `node scripts/oracle.ts [--count 200000] [--seed 0]`. Exit 1 when something is unexplained. */
import { parseArgs } from 'node:util'
import { consultOracle } from '../test/conformance/oracle.ts'
import { productParsers } from '../test/conformance/product.ts'

const { values } = parseArgs({ options: { count: { type: 'string' }, seed: { type: 'string' } } })
const count = Number(values.count ?? 200_000)
const seed = Number(values.seed ?? 0)
if (!Number.isSafeInteger(count) || count < 1 || !Number.isSafeInteger(seed)) {
  process.stderr.write('--count and --seed take whole numbers, such as --count 200000 --seed 0\n')
  process.exit(2)
}

const start = performance.now()
const report = consultOracle(productParsers(), seed, count)
const seconds = (performance.now() - start) / 1000

const lines = [
  `${report.trials} documents in ${seconds.toFixed(1)} s: ${report.accepted} accepted, ${report.refused} refused`,
  ...Object.entries(report.explained).map(([name, times]) => `disagreement explained, ${times} times: ${name}`),
  ...report.findings.flatMap(({ seed: found, mutations, document, cuts, xmlmill, libxml2, difference }) => [
    `UNEXPLAINED, seed ${found} (${mutations.join(', ') || 'undamaged'}): ${JSON.stringify(document)}${cuts.length === 0 ? '' : `, cut at ${cuts.join(' ')}`}`,
    `  xmlmill: ${xmlmill}`,
    difference === undefined ? `  libxml2: ${libxml2}` : `  both accept; ${difference}`,
  ]),
]
process.stdout.write(`${lines.join('\n')}\n`)
process.exitCode = report.findings.length > 0 ? 1 : 0
