/**
 * A run that kills itself at named places, again and again, and is gone on with each time: what is in the output at the end must be what
 * an undisturbed run gives.
 */
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Failpoint } from '../../src/failpoint.ts'
import { verifyOutput } from '../../src/sinks/verify.ts'
import { MAIN } from './command-line.ts'
import { readText, type SinkTarget } from './sink-targets.ts'
import type { TemporaryFolder } from './temporary-folder.ts'

/**
 * Documents of all sizes, some of which fail, and a transform that refuses some records.
 * @returns the arguments that name them
 */
export function writeDocuments(folder: TemporaryFolder): readonly string[] {
  for (let document = 0; document < 44; document++) {
    const isBad = document % 11 === 5
    const isLarge = document % 2 === 1
    const count = isLarge ? 60 : 1 + (document % 5)
    // Too large to come with the report of the document.
    const text = isLarge ? 'x'.repeat(1300) : `text, "${document}"`
    const records = Array.from({ length: count }, (_, n) => `<r id="${document}-${n}">${text}</r>`).join('')
    const end = isBad ? '</oops>' : '</a>'
    folder.write(`${String(document).padStart(2, '0')}.xml`, `<a>${records}${end}`)
  }
  folder.write(
    'transform.ts',
    `export default (record: object, { n }: { n: number }) => {
      if (n % 11 === 2) throw new Error('refused')
      return n % 13 === 5 ? undefined : record
    }\n`,
  )
  return [folder.file('*.xml'), '--transform', folder.file('transform.ts')]
}

export interface Chain {
  /** What names the documents: the same for all that are compared, for their URLs are in the records. */
  readonly input: readonly string[]
  /** Where the output is. */
  readonly folder: TemporaryFolder
  readonly target: SinkTarget
  readonly flags: readonly string[]
  /** The program instead of xmlmill itself. */
  readonly program?: string
}

const SIGKILL = 128 + 9

interface End {
  readonly exitCode: number
  readonly stderr: string
}

/** What a run takes of the environment of the tests. */
const KEPT = ['PATH', 'NODE_COMPILE_CACHE']

function mill(chain: Chain, kill?: { readonly point: Failpoint; readonly hit: number }): Promise<End> {
  const { input, folder, target, flags, program = MAIN } = chain
  const fixed = ['-t', '1', '--spool-above', '20k', '--progress', 'none', '--retries', '0']
  const args = [program, ...input, '-r', 'r', '-o', target.output, ...target.args, ...flags, ...fixed]
  const env = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => KEPT.includes(name))),
    ...(kill !== undefined && { XMLMILL_FAILPOINT: `${kill.point}:${kill.hit}` }),
    TMPDIR: folder.path,
  }
  return new Promise((resolve) => {
    const child = execFile(process.execPath, args, { cwd: folder.path, env }, (_, __, stderr) => {
      resolve({ exitCode: child.signalCode === 'SIGKILL' ? SIGKILL : (child.exitCode ?? -1), stderr })
    })
  })
}

/** Mills to the end. */
export async function millUndisturbed(chain: Chain): Promise<void> {
  const { exitCode, stderr } = await mill(chain)
  // Some documents fail, some records are rejected.
  if (exitCode !== 1) throw new Error(`exit code ${exitCode}: ${stderr}`)
}

/** Mills until the process has killed itself. */
export async function millUntilKilled(chain: Chain, point: Failpoint, hit: number): Promise<void> {
  const { exitCode, stderr } = await mill(chain, { point, hit })
  if (exitCode !== SIGKILL) throw new Error(`exit code ${exitCode} at ${point}:${hit}: ${stderr}`)
}

/**
 * Kills one run after the other, then lets the last one end.
 * @returns how many were killed: the others had nothing left to do at that place
 */
export async function millKilled(
  chain: Chain,
  kills: readonly (readonly [point: Failpoint, hit: number])[],
): Promise<number> {
  let killed = 0
  for (const [point, hit] of kills) {
    const { exitCode, stderr } = await mill(chain, { point, hit })
    if (exitCode === SIGKILL) killed += 1
    else if (exitCode !== 1) throw new Error(`exit code ${exitCode} at ${point}:${hit}: ${stderr}`)
  }
  await millUndisturbed(chain)
  return killed
}

/** What is wrong with an output, by its own ledger. */
export async function problemsOf({ folder, target }: Chain): Promise<readonly string[]> {
  const isUrl = target.output.includes('://')
  const output = isUrl ? target.output : folder.file(target.output)
  return (await verifyOutput(output, folder.file(rejectsOf(target)))).problems
}

function rejectsOf({ output, rejects }: SinkTarget): string {
  return rejects ?? `${output.replace(/\/$/, '')}.rejects.ndjson`
}

export interface Content {
  /** Lines of a file or of the files of a directory, else rows. */
  readonly records: readonly string[]
  readonly rejects: readonly string[]
}

/** What is in an output and among its rejects. */
export async function contentOf({ folder, target }: Chain): Promise<Content> {
  const rejects = folder.file(rejectsOf(target))
  return {
    records: isText(target) ? textOf(folder.file(target.output)) : (await target.rows(folder.path)).map(rowText),
    rejects: existsSync(rejects) ? readFileSync(rejects, 'utf8').split('\n') : [],
  }
}

/** Whether an output is bytes that can be compared: those of rows say more than the rows. */
function isText({ output }: SinkTarget): boolean {
  return /\.(?:ndjson|csv)(?:\.\w+)?$|\/$/.test(output)
}

function textOf(path: string): readonly string[] {
  if (!path.endsWith('/')) return readText(path).split('\n')
  const names = readdirSync(path).filter((name) => name.endsWith('.ndjson'))
  return names.toSorted().flatMap((name) => [name, ...readText(join(path, name)).split('\n')])
}

function rowText({ url, n, id, text }: Awaited<ReturnType<SinkTarget['rows']>>[number]): string {
  return JSON.stringify([url, n, id, text])
}

/** The same whatever the order. */
export function sorted({ records, rejects }: Content): Content {
  return { records: records.toSorted(), rejects: rejects.toSorted() }
}
