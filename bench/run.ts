/**
 * `npm run bench`: xmlmill side by side with what else one would use, whole processes in turn (A B C, A B C), each checked
 * to have written the same records before its time is believed. See docs/benchmark.md.
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const HELP = `npm run bench -- [options]

  --quick               small sizes and one round: under three minutes
  --rounds N            runs of each contestant after its warm-up (5; quick: 1)
  --only NAME,…         scenarios: cpu, latency, bandwidth, huge, tiny, transform, cold, growth (not in --quick unless named)
  --contestants NAME,…  who takes part: xmlmill, article-threads, thread-pool, process-pool, iterparse, scrapy, p-limit,
                        piscina, crawlee, undici, curl, curl-xmllint, node
  --corpus DIR          real documents in place of generated ones, for the cpu scenario alone
  --record NAME         the corpus's records
  --python FILE         a python3 with requests, lxml and scrapy
  --seed N              of the generated documents (1)
  --publish             make docs/benchmark.md of it
`

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    only: { type: 'string' },
    contestants: { type: 'string' },
    corpus: { type: 'string' },
    record: { type: 'string', default: 'record' },
    python: { type: 'string', default: 'python3' },
    seed: { type: 'string', default: '1' },
    publish: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) process.stdout.write(HELP)
else {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const command = (file: string, ...args: string[]) => execFileSync(file, args, { cwd: root, stdio: 'inherit' })
  if (!existsSync(`${root}bench/node_modules`)) command('npm', 'ci', '--prefix', 'bench')
  command('npm', 'run', 'build')

  const { runBenchmark } = await import('./benchmark.ts')
  const { writeResult } = await import('./report/write.ts')
  const names = (list: string | undefined) => list?.split(',').map((name) => name.trim())
  const result = await runBenchmark({
    isQuick: values.quick,
    rounds: values.rounds === undefined ? (values.quick ? 1 : 5) : Number(values.rounds),
    only: names(values.only),
    contestants: names(values.contestants),
    corpus: values.corpus === undefined ? undefined : resolve(values.corpus),
    record: values.record,
    python: values.python,
    seed: Number(values.seed),
  })
  writeResult(result, values.publish)
}
