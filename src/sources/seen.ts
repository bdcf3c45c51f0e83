import { hash } from 'node:crypto'

const WORDS = 3
const PAGE_SLOTS = 1536
const PAGE_WORDS = PAGE_SLOTS * WORDS
/** Pages are cut from slabs of about a MiB: each by itself would come from the heap of malloc and leave holes in it. */
const SLAB_WORDS = 57 * PAGE_WORDS

interface Page {
  readonly words: Uint32Array
  used: number
  /** All hashes in it have this many first bits in common. */
  depth: number
  /** Full at this many. */
  readonly capacity: number
}

/**
 * Which texts were seen before, at 18 to 30 bytes each whatever their length.
 *
 * Keeps the first 96 bits of each text's SHA-256, not the text: among n texts the probability that any is taken for
 * another is about n² / 2^97, so 6e-18 for a million and 6e-12 for a thousand million.
 *
 * Layout: extendible hashing (Fagin et al., ACM TODS 4/3, 1979). A directory leads from the first bits of a hash to a page;
 * a full page is split in two, and no memory is ever given back. A table that is copied when it grows is simpler, but holds
 * old and new at once, and garbage until the collector comes. Within a page: linear probing, three 32-bit words a slot, a slot
 * whose third word is 0 being free.
 */
export class SeenTexts {
  /** Entry i leads to the page of the hashes whose first `#depth` bits are i; several entries may lead to one page. */
  #directory: Page[]
  #depth = 0
  #pages = 0
  #slab = new Uint32Array(0)
  #slabUsed = 0
  /** A page's words while it is split. */
  readonly #scratch = new Uint32Array(PAGE_WORDS)

  constructor() {
    this.#directory = [this.#newPage(0)]
  }

  /** Adds a text; says whether it was new. */
  add(text: string): boolean {
    // As a string of 32 characters: a Buffer takes three times as long, because its memory lies outside of the heap.
    const digest = hash('sha256', text, 'binary')
    const first = wordAt(digest, 0)
    const page = this.#pageOf(first)
    if (!insert(page, first, wordAt(digest, 4), wordAt(digest, 8) || 1)) return false
    if (page.used >= page.capacity) this.#split(page, first)
    return true
  }

  #pageOf(first: number): Page {
    const page = this.#directory[firstBits(first, this.#depth)]
    if (page === undefined) throw new RangeError(`no page for the hash ${first}`)
    return page
  }

  #split(page: Page, first: number): void {
    if (page.depth === this.#depth) {
      this.#directory = this.#directory.flatMap((each) => [each, each])
      this.#depth++
    }
    page.depth++
    const upper = this.#newPage(page.depth)
    const span = 2 ** (this.#depth - page.depth)
    const start = (firstBits(first, page.depth - 1) * 2 + 1) * span
    this.#directory.fill(upper, start, start + span)

    const words = this.#scratch
    words.set(page.words)
    page.words.fill(0)
    page.used = 0
    for (let slot = 0; slot < PAGE_WORDS; slot += WORDS) {
      const a = words[slot] ?? 0
      const c = words[slot + 2] ?? 0
      if (c !== 0) insert(firstBits(a, page.depth) % 2 === 0 ? page : upper, a, words[slot + 1] ?? 0, c)
    }
  }

  #newPage(depth: number): Page {
    if (this.#slabUsed === this.#slab.length) {
      this.#slab = new Uint32Array(SLAB_WORDS)
      this.#slabUsed = 0
    }
    const words = this.#slab.subarray(this.#slabUsed, this.#slabUsed + PAGE_WORDS)
    this.#slabUsed += PAGE_WORDS
    // Between 80 and 92% (steps of the golden ratio spread evenly): pages that fill alike would all be split at the same time.
    const capacity = Math.floor(PAGE_SLOTS * (0.8 + 0.12 * ((this.#pages++ * 0.618_034) % 1)))
    return { words, used: 0, depth, capacity }
  }
}

function insert(page: Page, a: number, b: number, c: number): boolean {
  const { words } = page
  let slot = (b % PAGE_SLOTS) * WORDS
  while (words[slot + 2] !== 0) {
    if (words[slot] === a && words[slot + 1] === b && words[slot + 2] === c) return false
    slot += WORDS
    if (slot === PAGE_WORDS) slot = 0
  }
  words[slot] = a
  words[slot + 1] = b
  words[slot + 2] = c
  page.used++
  return true
}

function firstBits(word: number, count: number): number {
  // A shift by 32 is one by 0.
  return count === 0 ? 0 : word >>> (32 - count)
}

function wordAt(digest: string, offset: number): number {
  return (
    ((digest.charCodeAt(offset) << 24) |
      (digest.charCodeAt(offset + 1) << 16) |
      (digest.charCodeAt(offset + 2) << 8) |
      digest.charCodeAt(offset + 3)) >>>
    0
  )
}
