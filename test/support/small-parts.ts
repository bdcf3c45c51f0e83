/** Small outputs to merge, made in this process. */
import { expect } from 'vitest'
import { type LibraryOptions, mill } from '../../src/index.ts'
import type { TemporaryFolder } from './temporary-folder.ts'

/** Mills local documents into an output, in this process. */
export async function millInto(
  output: string,
  documents: readonly string[],
  options: LibraryOptions = {},
): Promise<void> {
  await mill(documents, { record: 'r', threads: 1, ...options, output }).summary()
}

/** Documents by their names: a record for each of the texts. */
export function writeRecords(
  folder: TemporaryFolder,
  documents: Readonly<Record<string, readonly string[]>>,
): string[] {
  return Object.entries(documents).map(([name, texts]) =>
    folder.write(`${name}.xml`, `<a>${texts.map((text) => `<r>${text}</r>`).join('')}</a>`),
  )
}

export async function failureOf(
  merging: Promise<unknown>,
): Promise<{ readonly code: string; readonly message: string }> {
  return merging.then(
    () => expect.unreachable('it was merged'),
    (error) => ({ code: error.code, message: error.message }),
  )
}
