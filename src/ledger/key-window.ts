/** Keys of a few thousand documents, each found and taken once. */
import { KEY_BYTES } from './document-key.ts'

const WORDS = KEY_BYTES / 4

/**
 * A hash table over 32-bit words: strings as keys of a Map take ten times as long, for each of them is made, hashed and thrown away. The
 * words of a key are those of a SHA-256, so the first is as good as any hash of it.
 */
export class KeyWindow<T> {
  #words = new Uint32Array(0)
  /** By the place of the key; undefined once it is taken. */
  #values: (T | undefined)[] = []
  /** Place + 1 of a key, at its first word's last bits or behind; 0 is free. */
  #slots = new Uint32Array(1)
  #size = 0

  /** Keys that were added and not taken. */
  get size(): number {
    return this.#size
  }

  /** Adds keys that are not in it, each with its value. */
  add(keys: Buffer, values: readonly T[]): void {
    const added = wordsOf(keys)
    const words = new Uint32Array((this.#size + values.length) * WORDS)
    const kept: (T | undefined)[] = []
    for (const [place, value] of this.#values.entries()) {
      if (value === undefined) continue
      words.set(this.#words.subarray(place * WORDS, (place + 1) * WORDS), kept.length * WORDS)
      kept.push(value)
    }
    words.set(added, kept.length * WORDS)
    this.#words = words
    this.#values = [...kept, ...values]
    this.#size = this.#values.length
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(2 * this.#size + 1)))
    for (let place = 0; place < this.#size; place++) this.#slots[this.#slotOf(words, place)] = place + 1
  }

  /** Takes what is asked for: for each key its value, or undefined. */
  take(keys: Buffer): (T | undefined)[] {
    const asked = wordsOf(keys)
    const taken = new Array<T | undefined>(asked.length / WORDS)
    for (let place = 0; place < taken.length; place++) {
      const found = (this.#slots[this.#slotOf(asked, place)] ?? 0) - 1
      taken[place] = this.#values[found]
      if (taken[place] === undefined) continue
      this.#values[found] = undefined
      this.#size -= 1
    }
    return taken
  }

  clear(): void {
    this.#words = new Uint32Array(0)
    this.#values = []
    this.#slots = new Uint32Array(1)
    this.#size = 0
  }

  /** Where the key at this place of `words` is in the table, or would be. */
  #slotOf(words: Uint32Array, place: number): number {
    const at = place * WORDS
    const mask = this.#slots.length - 1
    for (let slot = (words[at] ?? 0) & mask; ; slot = (slot + 1) & mask) {
      const other = ((this.#slots[slot] ?? 0) - 1) * WORDS
      if (other < 0) return slot
      const isSame =
        words[at] === this.#words[other] &&
        words[at + 1] === this.#words[other + 1] &&
        words[at + 2] === this.#words[other + 2] &&
        words[at + 3] === this.#words[other + 3]
      if (isSame) return slot
    }
  }
}

/** Copied: a buffer's bytes may begin anywhere. */
function wordsOf(keys: Buffer): Uint32Array {
  const words = new Uint32Array(keys.byteLength / 4)
  Buffer.from(words.buffer).set(keys)
  return words
}
