/** The certificate authorities to trust. */
import { readFile } from 'node:fs/promises'
import { createSecureContext, getCACertificates } from 'node:tls'
import { MillError } from '../../src/errors.ts'

/**
 * The built-in authorities and those of a PEM file.
 * @throws MillError OPTIONS_INVALID when the file cannot be read or is not PEM
 */
export async function readCertificates(path: string): Promise<readonly string[]> {
  try {
    const pem = await readFile(path, 'utf8')
    if (!pem.includes('-----BEGIN CERTIFICATE-----')) throw new Error('it has no PEM certificate in it')
    createSecureContext({ ca: pem })
    return [...getCACertificates('default'), pem]
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new MillError('OPTIONS_INVALID', `--cacert ${path}: ${reason}`, { cause: error })
  }
}
