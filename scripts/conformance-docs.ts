/** Writes docs/conformance.md from a run over the W3C's suite; with `--check`, says whether it is as it should be. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { EXCEPTIONS } from '../test/conformance/exceptions.ts'
import { judge } from '../test/conformance/judgement.ts'
import { productMills } from '../test/conformance/product.ts'
import { conformanceReport } from '../test/conformance/report.ts'
import { readSuite } from '../test/conformance/suite.ts'

const PATH = fileURLToPath(new URL('../docs/conformance.md', import.meta.url))

const mills = productMills()
const report = conformanceReport(
  readSuite().map((suiteCase) => judge(suiteCase, mills)),
  EXCEPTIONS,
)

if (process.argv.includes('--check')) {
  if (readFileSync(PATH, 'utf8') !== report) {
    process.stderr.write('docs/conformance.md is out of date: run node scripts/conformance-docs.ts\n')
    process.exitCode = 1
  }
} else writeFileSync(PATH, report)
