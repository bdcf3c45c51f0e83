/**
 * The documents under way, in a file: what a process leaves behind that one of them ended (a fault in native code, `process.abort` in a
 * transform, the system when memory is short). The next run takes each of them for a suspect.
 *
 * A slot of the file for each, with its key or zeros. The system keeps what was written when the process ends, however it ends, so
 * nothing is synced, and a power cut is no document's fault. It costs a small write a document: the one that starts when another has
 * ended takes that one's slot as it is.
 */
import { closeSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { MillError } from '../errors.ts'
import type { Document } from '../model.ts'
import type { UnderWay } from '../sinks/sink.ts'
import { documentKey, KEY_BYTES } from './document-key.ts'

const NO_KEY = Buffer.alloc(KEY_BYTES)

export class UnderWayFile implements UnderWay {
  readonly #path: string
  readonly #descriptor: number
  /** By key. */
  readonly #suspects: Set<string>
  /** By key; a suspect keeps its slot. */
  readonly #slots = new Map<string, number>()
  readonly #free: number[] = []
  /** Those of the free slots that still have the key of a document which has ended in this turn of the loop. */
  readonly #stale = new Set<number>()
  #clearing: NodeJS.Immediate | undefined

  private constructor(path: string, descriptor: number, suspects: Set<string>) {
    this.#path = path
    this.#descriptor = descriptor
    this.#suspects = suspects
    for (const [slot, key] of [...suspects].entries()) this.#slots.set(key, slot)
  }

  /**
   * Opens or makes the file. Call with the output's lock held.
   * @param forgets whether nothing of an earlier run matters
   * @throws MillError OUTPUT_FAILED
   */
  static open(path: string, forgets: boolean): UnderWayFile {
    try {
      const suspects = new Set(forgets ? [] : keysIn(path))
      writeFileSync(path, Buffer.from([...suspects].join(''), 'hex'), { mode: 0o600 })
      return new UnderWayFile(path, openSync(path, 'r+'), suspects)
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new MillError('OUTPUT_FAILED', `${path} could not be written: ${reason}`, { cause })
    }
  }

  isSuspect(document: Document): boolean {
    return this.#suspects.size > 0 && this.#suspects.has(documentKey(document).toString('hex'))
  }

  begin(document: Document): (isSuspect: boolean) => void {
    const bytes = documentKey(document)
    const key = bytes.toString('hex')
    const slot = this.#slots.get(key) ?? this.#free.pop() ?? this.#slots.size
    this.#slots.set(key, slot)
    this.#stale.delete(slot)
    if (!this.#suspects.has(key)) this.#write(slot, bytes)
    return (isSuspect) => {
      if (isSuspect) {
        this.#suspects.add(key)
        return
      }
      this.#suspects.delete(key)
      this.#slots.delete(key)
      this.#free.push(slot)
      this.#stale.add(slot)
      this.#clearing ??= setImmediate(() => this.#clear())
    }
  }

  /** What has ended and was not followed by another document is under way no more. */
  #clear(): void {
    this.#clearing = undefined
    for (const slot of this.#stale) this.#write(slot, NO_KEY)
    this.#stale.clear()
  }

  /** What is still under way was broken off in order. */
  close(): void {
    clearImmediate(this.#clearing)
    closeSync(this.#descriptor)
    try {
      if (this.#suspects.size === 0) rmSync(this.#path, { force: true })
      else writeFileSync(this.#path, Buffer.from([...this.#suspects].join(''), 'hex'))
    } catch {
      // As below. What stays costs the next run a process of its own for documents that may be done.
    }
  }

  #write(slot: number, bytes: Buffer): void {
    try {
      writeSync(this.#descriptor, bytes, 0, KEY_BYTES, slot * KEY_BYTES)
    } catch {
      // A full disk, say. What cannot be remembered must not stop what can be milled.
    }
  }
}

function keysIn(path: string): string[] {
  const keys: string[] = []
  for (let bytes = readIfThere(path); bytes.byteLength >= KEY_BYTES; bytes = bytes.subarray(KEY_BYTES)) {
    const key = bytes.subarray(0, KEY_BYTES)
    if (!key.equals(NO_KEY)) keys.push(key.toString('hex'))
  }
  return keys
}

function readIfThere(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return Buffer.alloc(0)
    throw cause
  }
}
