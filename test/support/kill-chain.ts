/**
 * A run that kills itself at named places, again and again, and is gone on with each time: what is in the output at the end must be what
 * an undisturbed run gives.
 */
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { Failpoint } from '../../src/failpoint.ts'
import { verifyOutput } from '../../src/sinks/verify.ts'
import { MAIN } from './command-line.ts'
import type { TemporaryFolder } from './temporary-folder.ts'
import { readZstd } from './zstd.ts'

/**
 * Documents of all sizes, some of which fail, and a transform that refuses some records.
 * @returns the arguments that name them
 */
export function writeDocuments(folder: TemporaryFolder): readonly string[] {
  const record = (document: number, n: number, text: string) => `<r><d>${document}</d><n>${n}</n><t>${text}</t></r>`
  for (let document = 0; document < 44; document++) {
    const isBad = document % 11 === 5
    const isLarge = document % 2 === 1
    const count = isLarge ? 60 : 1 + (document % 5)
    // Too large to come with the report of the document.
    const text = isLarge ? 'x'.repeat(1300) : `text ${document}`
    const records = Array.from({ length: count }, (_, n) => record(document, n, text)).join('')
    const end = isBad ? '</oops>' : '</a>'
    folder.write(`${String(document).padStart(2, '0')}.xml`, `<a>${records}${end}`)
  }
  folder.write(
    'transform.ts',
    `export default (record: { d: string }, { n }: { n: number }) => {
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
  readonly output: string
  readonly flags: readonly string[]
  /** The program instead of xmlmill itself. */
  readonly program?: string
}

const SIGKILL = 128 + 9

interface End {
  readonly exitCode: number
  readonly stderr: string
}

function mill(chain: Chain, kill?: { readonly point: Failpoint; readonly hit: number }): Promise<End> {
  const { input, folder, output, flags, program = MAIN } = chain
  const args = [
    program,
    ...input,
    '-r',
    'r',
    '-o',
    output,
    ...flags,
    '-t',
    '1',
    '--spool-above',
    '20k',
    '--progress',
    'none',
    '--retries',
    '0',
  ]
  const env = {
    ...(process.env.PATH !== undefined && { PATH: process.env.PATH }),
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
export async function problemsOf({ folder, output }: Chain): Promise<readonly string[]> {
  const { problems } = await verifyOutput(folder.file(output), folder.file(rejectsOf(output)))
  return problems
}

function rejectsOf(output: string): string {
  return `${output.replace(/\/$/, '')}.rejects.ndjson`
}

/** Output and rejects as text: decompressed, and the files of a directory by name. */
export function contentOf({ folder, output }: Chain): { readonly records: string; readonly rejects: string } {
  const path = folder.file(output)
  const records = statSync(path).isDirectory()
    ? readdirSync(path)
        .filter((name) => name.endsWith('.ndjson'))
        .sort()
        .map((name) => `${name}\n${readFileSync(join(path, name), 'utf8')}`)
        .join('')
    : decompressed(readFileSync(path), output)
  const rejects = folder.file(rejectsOf(output))
  return { records, rejects: existsSync(rejects) ? readFileSync(rejects, 'utf8') : '' }
}

function decompressed(bytes: Buffer, name: string): string {
  if (name.endsWith('.gz')) return gunzipSync(bytes).toString()
  return (name.endsWith('.zst') ? readZstd(bytes) : bytes).toString()
}

/** The same whatever the order of lines. */
export function sorted({ records, rejects }: { readonly records: string; readonly rejects: string }) {
  return { records: records.split('\n').sort(), rejects: rejects.split('\n').sort() }
}
