/** Who is measured: how each is started, in which scenarios it can take part, and what it needs on the machine. */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Command } from './measure.ts'
import { CONCURRENCY, type ScenarioName } from './scenarios.ts'

/** What a contestant is to do. */
export interface Job {
  readonly scenario: ScenarioName
  /** URLs, a line each. */
  readonly list: string
  /** The same as a configuration of curl that throws every body away. */
  readonly curlConfig: string
  /** The same with a file in `folder` for every body. */
  readonly curlFilesConfig: string
  /** Made anew for every run. */
  readonly folder: string
  /** A file, or `-` for stdout. */
  readonly output: string
  readonly record: string
}

export interface Contestant {
  readonly name: string
  readonly title: string
  /** A `floor` gives no records: it shows what the machine allows. */
  readonly kind: 'ours' | 'peer' | 'floor'
  /** Gets only the share of the documents that a scenario leaves to the slow ones. */
  readonly slow: boolean
  readonly scenarios: readonly ScenarioName[]
  command(job: Job): Command
  /** What is to be installed for it to take part; undefined when it can. */
  missing(): string | undefined
}

const programs = fileURLToPath(new URL('./contestants/', import.meta.url))
const root = fileURLToPath(new URL('..', import.meta.url))
const MANY: readonly ScenarioName[] = ['cpu', 'latency', 'bandwidth', 'tiny', 'transform', 'cold']

export interface Tools {
  /** A Python 3.9 or newer. */
  readonly python: string
}

export function contestants({ python }: Tools): readonly Contestant[] {
  const modules = new Map<string, boolean>()
  const hasModules = (names: string): boolean => {
    const known = modules.get(names) ?? succeeds(python, ['-c', `import ${names}`])
    modules.set(names, known)
    return known
  }
  const inPython = (
    name: string,
    title: string,
    file: string,
    needs: string,
    scenarios: readonly ScenarioName[] = MANY,
  ): Contestant => ({
    name,
    title,
    kind: 'peer',
    slow: true,
    scenarios,
    command: (job) => ({ file: python, args: [`${programs}${file}`, job.list, job.output], env: environment(job) }),
    missing: () => (hasModules(needs) ? undefined : `python3 -m pip install ${needs.replaceAll(',', '')}`),
  })
  const inNode = (name: string, title: string, file: string, rest: Partial<Contestant> = {}): Contestant => ({
    name,
    title,
    kind: 'peer',
    slow: true,
    scenarios: MANY,
    command: (job) => ({
      file: process.execPath,
      args: [`${programs}${file}`, job.list, job.output],
      env: environment(job),
    }),
    missing: () => undefined,
    ...rest,
  })
  return [
    {
      name: 'xmlmill',
      title: 'xmlmill',
      kind: 'ours',
      slow: false,
      scenarios: [...MANY, 'huge'],
      command: ({ scenario, list, output, record }) => ({
        file: process.execPath,
        args: [
          ...[`${root}dist/src/cli/main.js`, '-i', list, '-r', record, '-o', output, '-q'],
          // Without it a document over 1 GiB is refused: a list may lead to anything.
          ...(scenario === 'huge' ? ['--max-bytes', '100g'] : []),
          ...(scenario === 'transform' ? ['--transform', `${programs}heavy-function.ts`] : []),
        ],
      }),
      missing: () => undefined,
    },
    inPython('article-threads', "the article's threads and queues (Python)", 'article_threads.py', 'requests, lxml'),
    inPython('thread-pool', 'ThreadPoolExecutor, requests, lxml', 'thread_pool.py', 'requests, lxml'),
    inPython('process-pool', 'ProcessPoolExecutor, requests, lxml', 'process_pool.py', 'requests, lxml'),
    inPython('iterparse', 'requests, lxml.iterparse', 'iterparse.py', 'requests, lxml', ['huge']),
    inPython('scrapy', 'Scrapy, lxml', 'scrapy_spider.py', 'requests, lxml, scrapy'),
    inNode('p-limit', 'p-limit, undici, fast-xml-parser', 'p-limit.ts'),
    inNode('piscina', 'Piscina, undici, fast-xml-parser', 'piscina.ts'),
    inNode('crawlee', 'Crawlee, fast-xml-parser', 'crawlee.ts'),
    inNode('undici', 'undici alone, bytes thrown away', 'undici-loop.ts', {
      kind: 'floor',
      slow: false,
      scenarios: ['cpu', 'latency', 'bandwidth', 'tiny', 'huge'],
    }),
    {
      name: 'curl',
      title: 'curl --parallel, bytes thrown away',
      kind: 'floor',
      slow: false,
      scenarios: ['cpu', 'latency', 'bandwidth', 'tiny', 'huge'],
      command: ({ curlConfig }) => ({
        file: 'curl',
        args: ['--silent', '--fail', '--parallel', '--parallel-max', String(CONCURRENCY), '--config', curlConfig],
      }),
      missing: () => (succeeds('curl', ['--version']) ? undefined : 'apt-get install curl'),
    },
    {
      name: 'curl-xmllint',
      title: 'curl, xmllint --stream (checked, no records)',
      kind: 'floor',
      slow: true,
      scenarios: ['cpu', 'latency', 'bandwidth', 'tiny', 'huge'],
      command: ({ curlFilesConfig, folder }) => ({
        file: '/bin/sh',
        args: [
          '-ec',
          [
            `curl --silent --fail --parallel --parallel-max ${CONCURRENCY} --config "$0"`,
            `find "$1" -name '*.xml' -print0 | xargs -0 -n 64 -P ${CONCURRENCY} xmllint --stream --noout --huge`,
          ].join('\n'),
          curlFilesConfig,
          folder,
        ],
      }),
      missing: () => (succeeds('xmllint', ['--version']) ? undefined : 'apt-get install libxml2-utils'),
    },
    {
      name: 'node',
      title: 'Node itself, one line',
      kind: 'floor',
      slow: false,
      scenarios: ['cold'],
      command: () => ({ file: process.execPath, args: ['--eval', 'process.stdout.write("a line\\n")'] }),
      missing: () => undefined,
    },
  ]
}

function environment({ scenario, record }: Job): Record<string, string> {
  return {
    BENCH_RECORD: record,
    BENCH_CONCURRENCY: String(CONCURRENCY),
    ...(scenario === 'transform' && { BENCH_TRANSFORM: '1' }),
  }
}

function succeeds(file: string, args: readonly string[]): boolean {
  try {
    execFileSync(file, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
