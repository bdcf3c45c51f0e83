/**
 * Checks that imports point down: `cli` and `index` -> `library` -> `mill` -> feature folders -> `model`, `errors`, `options`,
 * `channel`; that threads and main meet only there; and that each heavy dependency has one home.
 */
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** What everything may import. */
const GROUND = [
  'src/model.ts',
  'src/errors.ts',
  'src/options.ts',
  'src/version.ts',
  'src/redact.ts',
  'src/failpoint.ts',
  'src/channel/',
]

/** Part -> what else it may import. A part is a folder, or a file at the top. The contract files of other parts are named one by one. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'src/channel/': [],
  'src/sources/': [],
  'src/schedule/': [],
  'src/pool/': [],
  'src/spool/': ['src/sinks/sink.ts'],
  'src/ledger/': ['src/sinks/sink.ts'],
  'src/report/': [],
  'src/sinks/': ['src/ledger/', 'src/spool/held-records.ts'],
  'src/fleet/': [
    'src/ledger/',
    'src/mill.ts',
    'src/pool/pool.ts',
    'src/report/events.ts',
    'src/schedule/',
    'src/sinks/',
    'src/sources/batches.ts',
    'src/sources/source.ts',
  ],
  'src/demo/': [],
  'src/config/': [],
  'src/peek/': ['src/sources/source.ts', 'src/schedule/'],
  'src/mill.ts': [
    'src/mill/',
    'src/sources/source.ts',
    'src/schedule/',
    'src/pool/pool.ts',
    'src/spool/',
    'src/sinks/sink.ts',
    'src/sinks/delivery.ts',
    'src/report/events.ts',
  ],
  'src/mill/': [
    'src/sources/batches.ts',
    'src/sources/source.ts',
    'src/schedule/',
    'src/pool/pool.ts',
    'src/sinks/sink.ts',
    'src/spool/',
    'src/report/events.ts',
  ],
  'src/library.ts': [
    'src/mill.ts',
    'src/sources/source.ts',
    'src/report/events.ts',
    'src/report/summary.ts',
    'src/report/watch.ts',
    'src/sinks/',
    'src/spool/held-records.ts',
  ],
  'src/index.ts': ['src/config/define-config.ts', 'src/library.ts', 'src/report/events.ts', 'src/report/summary.ts'],
  'src/cli/': ['src/'],
  'src/model.ts': [],
  'src/errors.ts': [],
  'src/options.ts': ['src/options/'],
  'src/options/': [],
  'src/version.ts': [],
  'src/redact.ts': [],
  'src/failpoint.ts': [],
  workers: ['workers/'],
}

const HOMES: Readonly<Record<string, string>> = {
  piscina: 'src/pool/',
  yargs: 'src/cli/',
  undici: 'workers/download/',
  'fast-xml-parser': 'workers/xml/',
  saxes: 'workers/',
  'pg-boss': 'src/fleet/',
  pg: 'src/sinks/',
  'pg-copy-streams': 'src/sinks/',
  hyparquet: 'src/sinks/',
  'hyparquet-writer': 'src/sinks/',
  'prom-client': 'src/report/metrics/',
  '@observablehq': 'src/report/html/page/',
}

const problems: string[] = []
const graph = new Map<string, string[]>()
for (const file of globSync(['src/**/*.ts', 'workers/**/*.ts'], { cwd: root })) {
  if (file.startsWith('workers/xml/assembly/')) continue
  graph.set(file, checkFile(file))
}
for (const cycle of findCycles(graph)) problems.push(`cycle: ${cycle.join(' -> ')}`)
for (const problem of problems) process.stderr.write(`${problem}\n`)
process.exitCode = problems.length === 0 ? 0 : 1

/** @returns the project files that it imports at run time */
function checkFile(file: string): string[] {
  const part = partOf(file)
  const imported: string[] = []
  for (const { specifier, isType } of importsOf(readFileSync(join(root, file), 'utf8'))) {
    if (specifier.startsWith('.')) {
      const target = relative(root, join(root, dirname(file), specifier))
      if (!isType) imported.push(target)
      const allowed = [part, ...GROUND, ...(MAY_IMPORT[part] ?? [])]
      const isAllowed = allowed.some((path) => target.startsWith(path))
      if (!isAllowed) problems.push(`${file} imports ${target}: ${part} may not`)
    } else {
      const name = specifier.split('/')[0] ?? ''
      const home = HOMES[name]
      if (home !== undefined && !file.startsWith(home))
        problems.push(`${file} imports ${name}, which belongs to ${home}`)
    }
  }
  return imported
}

function partOf(file: string): string {
  if (file.startsWith('workers/')) return 'workers'
  const [, folder, rest] = file.split('/')
  return rest === undefined ? `src/${folder}` : `src/${folder}/`
}

function importsOf(text: string): { specifier: string; isType: boolean }[] {
  const statement = /^\s*(?:import|export)\s+(type\s+)?(?:[\w*{}\s,$]+\s+from\s+)?'([^']+)'|import\('([^']+)'\)/gm
  return Array.from(text.matchAll(statement), (match) => ({
    specifier: match[2] ?? match[3] ?? '',
    isType: match[1] !== undefined,
  }))
}

function findCycles(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = []
  const finished = new Set<string>()
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) {
      cycles.push([...path.slice(path.indexOf(file)), file])
      return
    }
    if (finished.has(file)) return
    for (const next of edges.get(file) ?? []) visit(next, [...path, file])
    finished.add(file)
  }
  for (const file of edges.keys()) visit(file, [])
  return cycles
}
