/** The transform that comes with a run, as a file of this machine. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { MillError } from '../errors.ts'
import type { FleetRun } from './run-record.ts'

/** So much of a hash must be given: nobody makes another module that begins like this. */
const LEAST_HASH = 16

export interface TransformFile extends AsyncDisposable {
  readonly href: string
}

/**
 * Makes sure that a run's transform may be run here.
 * @param allowed `any`, or how its hash begins
 * @throws MillError TRANSFORM_REFUSED
 */
export function checkAllowed({ transform, name }: FleetRun, allowed: string | undefined): void {
  if (transform === undefined || allowed === 'any') return
  const { hash } = transform
  if (allowed !== undefined && allowed.length >= LEAST_HASH && hash.startsWith(allowed)) return
  const what = `the run ${name} brings the transform ${transform.name}, SHA-256 ${hash}`
  throw new MillError('TRANSFORM_REFUSED', `${what}; --allow-transform=${hash.slice(0, LEAST_HASH)} allows it`)
}

/** Writes it; nothing is run yet. */
export async function transformFile({ transform }: FleetRun): Promise<TransformFile | undefined> {
  if (transform === undefined) return undefined
  const folder = await mkdtemp(join(tmpdir(), 'xmlmill-transform-'))
  const path = join(folder, transform.name)
  await writeFile(path, transform.source)
  return {
    href: pathToFileURL(path).href,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}
