/** Where a result goes: a file of its own, the terminal, and, when it is to be published, docs/benchmark.md and its chart. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Result } from '../result.ts'
import { chart } from './chart.ts'
import { tables } from './tables.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const RESULTS = `${root}bench/results/`
const DOCUMENT = `${root}docs/benchmark.md`
const CHART = `${root}docs/benchmark.svg`

const BEGIN = '<!-- result: made by bench/report, do not edit -->'
const END = '<!-- end of result -->'

/** @throws Error when docs/benchmark.md lacks the marks between which the tables stand */
export function writeResult(result: Result, isPublished: boolean): void {
  mkdirSync(RESULTS, { recursive: true })
  const stamp = result.startedAt.replaceAll(/[-:]|\.\d+/g, '')
  const file = `${RESULTS}${result.isQuick && !isPublished ? 'quick-' : ''}${stamp}-${result.commit}.json`
  writeFileSync(file, `${JSON.stringify(result, undefined, 1)}\n`)
  const markdown = tables(result)
  process.stdout.write(`${markdown}\nresult: ${relative(process.cwd(), file)}\n`)
  if (isPublished) publish(result, markdown, relative(`${root}docs`, file))
}

/** Puts a result into docs/benchmark.md. */
export function publish(result: Result, markdown: string, source: string): void {
  const text = readFileSync(DOCUMENT, 'utf8')
  const begin = text.indexOf(BEGIN)
  const end = text.indexOf(END)
  if (begin < 0 || end < begin) throw new Error(`${DOCUMENT} has no place for the result: "${BEGIN}" … "${END}"`)
  const inner = `\n![xmlmill beside its peers](benchmark.svg)\n\n${markdown}\nAll samples: [${source}](${source}).\n`
  writeFileSync(DOCUMENT, `${text.slice(0, begin)}${BEGIN}\n${inner}\n${text.slice(end)}`)
  writeFileSync(CHART, chart(result))
}
