/** The transform that comes with a run, as a file of this machine. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { MillError } from '../errors.ts'
import type { FleetRun } from './run-record.ts'

/** So much of a hash must be given: nobody makes another module that begins like this. */
const LEAST_HASH = 16

/** What a module's file may end with. It goes into a name of ours, and the rest of the queue's name into none. */
export const MODULE_EXTENSIONS = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs'] as const

export interface TransformFile extends AsyncDisposable {
  readonly href: string
}

/**
 * Makes sure that a run's transform may be run here. Whoever can write to the queue's tables can put anything there: what counts is the
 * hash of the source as it was read.
 * @param allowed `any`, or how its hash begins
 * @throws MillError TRANSFORM_REFUSED
 */
function checkAllowed({ transform, name }: FleetRun, allowed: string | undefined): void {
  if (transform === undefined) return
  const { hash, submittedHash } = transform
  const what = `the run ${name} brings the transform ${JSON.stringify(transform.name)}, SHA-256 ${hash}`
  if (hash !== submittedHash)
    throw new MillError('TRANSFORM_REFUSED', `${what}, which is not what was submitted: its hash was ${submittedHash}`)
  if (allowed === 'any') return
  if (allowed !== undefined && allowed.length >= LEAST_HASH && hash.startsWith(allowed)) return
  throw new MillError('TRANSFORM_REFUSED', `${what}; --allow-transform=${hash.slice(0, LEAST_HASH)} allows it`)
}

/**
 * Writes one that is allowed here; nothing is run yet.
 * @param allowed see checkAllowed
 * @throws MillError TRANSFORM_REFUSED
 */
export async function transformFile(run: FleetRun, allowed: string | undefined): Promise<TransformFile | undefined> {
  checkAllowed(run, allowed)
  const { transform, name } = run
  if (transform === undefined) return undefined
  const extension = MODULE_EXTENSIONS.find((one) => one === extname(transform.name))
  if (extension === undefined)
    throw new MillError(
      'TRANSFORM_REFUSED',
      `the run ${name} brings the transform ${JSON.stringify(transform.name)}, which is no ${MODULE_EXTENSIONS.join(', ')}`,
    )
  const folder = await mkdtemp(join(tmpdir(), 'xmlmill-transform-'))
  const path = join(folder, `transform${extension}`)
  await writeFile(path, transform.source)
  return {
    href: pathToFileURL(path).href,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}
