/** Files that are there as a whole or not at all, for their owner alone: what is downloaded may be confidential. */
import { randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

const OWNER_ONLY = 0o600
const OWNER_ONLY_DIRECTORY = 0o700

/** A file beside its final place, with a name of its own, so that a rename puts it there. The directory is made. */
export async function openBeside(path: string): Promise<{ readonly path: string; readonly handle: FileHandle }> {
  await mkdir(dirname(path), { recursive: true, mode: OWNER_ONLY_DIRECTORY })
  const temporary = `${path}.${randomUUID()}.tmp`
  return { path: temporary, handle: await open(temporary, 'wx', OWNER_ONLY) }
}

/** Puts a file that is complete into its place, in place of what is there. */
export async function moveFile(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true, mode: OWNER_ONLY_DIRECTORY })
  await rename(from, to)
}

/** Writes a file as a whole. */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const beside = await openBeside(path)
  try {
    await beside.handle.writeFile(content)
    await beside.handle.close()
    await moveFile(beside.path, path)
  } catch (error) {
    await beside.handle.close().catch(() => {})
    await rm(beside.path, { force: true })
    throw error
  }
}
