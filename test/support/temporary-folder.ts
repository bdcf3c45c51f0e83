import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface TemporaryFolder extends Disposable {
  readonly path: string
  /** Path of a file in it. */
  file(name: string): string
  /** Writes a file into it and gives its path. */
  write(name: string, content: string | Uint8Array): string
}

/** A folder of its own, gone at the end of the test's scope. */
export function temporaryFolder(): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), 'xmlmill-test-'))
  const file = (name: string) => join(path, name)
  return {
    path,
    file,
    write(name, content) {
      writeFileSync(file(name), content)
      return file(name)
    },
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  }
}
