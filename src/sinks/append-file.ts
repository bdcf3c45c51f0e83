/**
 * A file that grows by commits. What is appended counts when a ledger says so; what is behind that is cut off when the file is
 * opened again. So it is of no account in which order the disk gets the bytes of a write, or how many of them before a kill.
 */
import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { MillError } from '../errors.ts'
import { failpoint, isArmed } from '../failpoint.ts'
import type { FileCommit, FilePosition, Member } from '../ledger/commit.ts'
import { type Compression, compressionOf } from './compression.ts'
import { outputFailed } from './output-error.ts'
import { WriteBuffer } from './write-buffer.ts'

/** Small documents are written together: a write of its own for each would cost more than its bytes. */
const WRITE_BYTES = 1 << 20

/** A member is written when so much has gathered, or at a commit: smaller ones compress worse. */
const MEMBER_BYTES = 4 << 20

export class AppendFile {
  readonly path: string
  /** What the ledger calls it. */
  readonly #name: string
  readonly #handle: FileHandle
  readonly #compression: Compression | undefined
  #committed: FilePosition
  /** Where the next write goes. */
  #bytes: number
  /** What was appended, before compression. */
  #plainBytes: number
  /** What of it was written: the rest has gathered. */
  #writtenPlainBytes: number
  readonly #gathered: WriteBuffer
  #members: Member[] = []

  private constructor(path: string, name: string, handle: FileHandle, committed: FilePosition) {
    this.path = path
    this.#name = name
    this.#handle = handle
    this.#compression = compressionOf(path)
    this.#committed = committed
    this.#bytes = committed.bytes
    this.#plainBytes = committed.plainBytes
    this.#writtenPlainBytes = committed.plainBytes
    const most = this.#compression === undefined ? WRITE_BYTES : MEMBER_BYTES
    this.#gathered = new WriteBuffer(most, (plain) => this.#put(plain))
  }

  /**
   * Opens the file, made if it is absent, and cuts it to what counts.
   * @param name what the ledger calls it
   * @throws MillError OUTPUT_FAILED, also when it is shorter than what was committed
   */
  static async open(path: string, name: string, committed: FilePosition): Promise<AppendFile> {
    let handle: FileHandle | undefined
    try {
      handle = await openOrCreate(path)
      const { size } = await handle.stat()
      if (size < committed.bytes) {
        const message = `${path} has ${size} bytes, its ledger counts ${committed.bytes}`
        throw new MillError('OUTPUT_FAILED', `${message}: it was changed by something else; --fresh starts over`)
      }
      if (size > committed.bytes) {
        await handle.truncate(committed.bytes)
        failpoint('file.rewound')
      }
      return new AppendFile(path, name, handle, committed)
    } catch (cause) {
      await handle?.close()
      throw outputFailed(path, cause)
    }
  }

  /** Bytes appended so far, before compression. */
  get plainBytes(): number {
    return this.#plainBytes
  }

  /** Whether there is anything that no commit has told the ledger. */
  get isAhead(): boolean {
    return this.#plainBytes !== this.#committed.plainBytes
  }

  /**
   * Takes bytes: when this resolves, their memory is the caller's again. Small ones wait for more to come, until `synced`. One call at
   * a time.
   */
  async append(bytes: Uint8Array): Promise<void> {
    this.#plainBytes += bytes.byteLength
    await this.#gathered.append(bytes)
  }

  /**
   * Takes a member that is compressed already, as this file's are.
   * @param plainBytes what it has before compression
   */
  async appendMember(bytes: Uint8Array, plainBytes: number): Promise<void> {
    await this.#gathered.flush()
    this.#plainBytes += plainBytes
    await this.#putMember(bytes, plainBytes)
  }

  /** Everything appended is on the disk. Gives what the ledger is to be told; once it is, call `committed`. */
  async synced(): Promise<FileCommit> {
    await this.#gathered.flush()
    failpoint('file.written')
    try {
      // Never a second time: after a failed sync the system may have thrown the pages away and call the next one a success.
      if (this.#bytes !== this.#committed.bytes) await this.#handle.datasync()
    } catch (cause) {
      throw outputFailed(this.path, cause)
    }
    failpoint('file.synced')
    return {
      name: this.#name,
      position: { bytes: this.#bytes, plainBytes: this.#plainBytes },
      members: this.#members,
    }
  }

  /** The ledger has been told. */
  committed({ position }: FileCommit): void {
    this.#committed = position
    this.#members = []
  }

  /** Cuts off what was appended since the last commit. */
  async rewind(): Promise<void> {
    this.#gathered.clear()
    this.#members = []
    this.#bytes = this.#committed.bytes
    this.#plainBytes = this.#committed.plainBytes
    this.#writtenPlainBytes = this.#committed.plainBytes
    try {
      await this.#handle.truncate(this.#bytes)
    } catch (cause) {
      throw outputFailed(this.path, cause)
    }
  }

  /** What was appended and not committed is cut off at the next opening. */
  async close(): Promise<void> {
    await this.#handle.close()
  }

  async #put(plain: Uint8Array): Promise<void> {
    if (this.#compression !== undefined) {
      await this.#putMember(await this.#compression.compress(plain), plain.byteLength)
      return
    }
    this.#writtenPlainBytes += plain.byteLength
    await this.#write(plain)
  }

  async #putMember(member: Uint8Array, plainLength: number): Promise<void> {
    this.#members.push({
      offset: this.#bytes,
      length: member.byteLength,
      plainOffset: this.#writtenPlainBytes,
      plainLength,
    })
    this.#writtenPlainBytes += plainLength
    await this.#write(member)
  }

  async #write(bytes: Uint8Array): Promise<void> {
    if (isArmed('file.half-written') && bytes.byteLength > 1) {
      const half = bytes.byteLength >> 1
      await this.#writeAll(bytes.subarray(0, half))
      failpoint('file.half-written')
      await this.#writeAll(bytes.subarray(half))
    } else await this.#writeAll(bytes)
  }

  /** A write may take less than it is given: near a limit, or when a signal comes between. */
  async #writeAll(bytes: Uint8Array): Promise<void> {
    try {
      for (let from = 0; from < bytes.byteLength; ) {
        const { bytesWritten } = await this.#handle.write(bytes, from, bytes.byteLength - from, this.#bytes)
        if (bytesWritten === 0) throw new Error('the system takes no more bytes')
        from += bytesWritten
        this.#bytes += bytesWritten
      }
    } catch (cause) {
      throw outputFailed(this.path, cause)
    }
  }
}

async function openOrCreate(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r+')
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) throw cause
  }
  const handle = await open(path, 'wx+')
  await syncDirectory(dirname(path))
  return handle
}

/** Makes the names in a directory as safe as the files: a new or renamed file is not there after a power cut otherwise. */
export async function syncDirectory(path: string): Promise<void> {
  // Windows cannot open a directory, and does not need to.
  if (process.platform === 'win32') return
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** Makes a directory if it is absent, with those above it. */
export async function makeDirectory(path: string): Promise<void> {
  const made = await mkdir(path, { recursive: true })
  if (made !== undefined) await syncDirectory(dirname(made))
}
