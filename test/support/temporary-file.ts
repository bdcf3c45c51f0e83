import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

export interface TemporaryFile extends AsyncDisposable {
  readonly path: string
  /** Its `file:` URL. */
  readonly url: string
}

/** A file in a folder of its own, gone at the end of the test's scope. */
export async function temporaryFile(content: string | Uint8Array, name = 'document.xml'): Promise<TemporaryFile> {
  const folder = await mkdtemp(join(tmpdir(), 'xmlmill-test-'))
  const path = join(folder, name)
  await writeFile(path, content)
  return {
    path,
    url: pathToFileURL(path).href,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}
