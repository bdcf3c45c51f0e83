/**
 * The documents of the demonstration: the same ones for the same seed. A plan says what each will be, to the byte;
 * a document is then put together from a few hundred papers made beforehand, so that 120 MB cost a fraction of a second.
 */
import type { ErrorCode } from '../errors.ts'
import { createPapers, MISMATCHED_PAPER, PAPER_START, UNDEFINED_ENTITY_PAPER } from './papers.ts'
import { createRandom, integerBetween, oneOf, shuffled } from './random.ts'

/** What the server does when it is asked for a document. */
export type Behaviour =
  | 'plain'
  /** 503 with Retry-After the first time. */
  | 'busy-first'
  /** Little by little, two seconds long. */
  | 'slow'
  /** A closing tag of another name in the middle. */
  | 'mismatched'
  /** A reference to an entity that is not declared. */
  | 'undefined-entity'
  /** The connection ends before the announced length. */
  | 'cut'
  /** 404. */
  | 'missing'
  /** Half of it, then silence. */
  | 'stalled'

/** What becomes of documents that cannot be milled, whoever asks. */
export const EXPECTED_FAILURES: Readonly<Partial<Record<Behaviour, ErrorCode>>> = {
  mismatched: 'XML_NOT_WELL_FORMED',
  'undefined-entity': 'XML_NOT_WELL_FORMED',
  cut: 'BODY_TRUNCATED',
  missing: 'HTTP_REFUSED',
  stalled: 'STALLED',
}

export interface DemoDocument {
  /** From 1 in the order of the list. */
  readonly number: number
  readonly path: string
  readonly behaviour: Behaviour
  /** Its length when whole. */
  readonly bytes: number
  /** Its `paper` elements. */
  readonly records: number
  readonly seed: number
}

export const DEMO_DOCUMENTS = 500

const MIN_BYTES = 2_000
const MAX_BYTES = 5_000_000
/** Sizes are MIN * (MAX / MIN)^(u^SKEW) for u evenly spread from 0 to 1: even in the logarithm would be 320 MB, and this is 120. */
const SKEW = 3
const PAPERS = 400
/** `0042-00007`: documents and papers have numbers of one width, so that lengths can be summed beforehand. */
const NUMBER_BYTES = 10

/** One by one in the list: together they cause one pause of the host instead of several. */
const BUSY_POSITIONS: ReadonlySet<number> = new Set([120, 121, 122, 123, 310, 311])
/** The first document of a fitting size from each of these on is slow: large enough to be no stall at 1 KiB/s. */
const SLOW_FROM_POSITIONS = [20, 150, 230, 370]
const SLOW_BYTES = { min: 40_000, max: 200_000 }
// biome-ignore format: the formatter would give each word or row of this list a line or more of its own
const CHAOS: readonly Behaviour[] = [
  'mismatched', 'missing', 'cut', 'undefined-entity', 'stalled', 'missing',
  'mismatched', 'cut', 'undefined-entity', 'stalled', 'missing', 'mismatched',
]
const CHAOS_BYTES = { min: 20_000, max: 120_000 }

/** A document before its number and length are known. */
interface Draft {
  behaviour: Behaviour
  /** Its least length. */
  readonly target: number
  readonly seed: number
}

/** Plans documents, and makes them when they are asked for. */
export class DocumentFactory {
  readonly #seed: number
  readonly #papers: readonly [Buffer, ...Buffer[]]

  constructor(seed: number) {
    this.#seed = seed
    this.#papers = createPapers(seed, PAPERS)
  }

  /** 500 documents, and with chaos a dozen more among them that fail. */
  plan(chaos: boolean): DemoDocument[] {
    const random = createRandom(this.#seed + 1)
    const spread = Array.from({ length: DEMO_DOCUMENTS }, (_, index) =>
      Math.round(MIN_BYTES * (MAX_BYTES / MIN_BYTES) ** ((index / (DEMO_DOCUMENTS - 1)) ** SKEW)),
    )
    const documents = shuffled(random, spread).map((target, index): Draft => {
      const behaviour = BUSY_POSITIONS.has(index) ? 'busy-first' : 'plain'
      return { behaviour, target, seed: this.#seed + 100 + index }
    })
    for (const begin of SLOW_FROM_POSITIONS) {
      const slow = documents.find(
        ({ behaviour, target }, index) =>
          index >= begin && behaviour === 'plain' && target >= SLOW_BYTES.min && target <= SLOW_BYTES.max,
      )
      if (slow !== undefined) slow.behaviour = 'slow'
    }
    if (chaos) {
      for (const [index, behaviour] of CHAOS.entries()) {
        const target = integerBetween(random, CHAOS_BYTES.min, CHAOS_BYTES.max)
        const position = Math.round(((index + 0.5) / CHAOS.length) * DEMO_DOCUMENTS) + index
        documents.splice(position, 0, { behaviour, target, seed: this.#seed + 100 + DEMO_DOCUMENTS + index })
      }
    }
    return documents.map(({ behaviour, target, seed }, index) => {
      const number = index + 1
      const isFull = (_count: number, bytes: number) => bytes >= target
      const { bytes, papers } = this.#parts({ number, behaviour, seed }, isFull)
      return { number, path: `/volumes/${digits(number, 4)}.xml`, behaviour, bytes, records: papers.length, seed }
    })
  }

  /** A planned document, whole. */
  build(document: DemoDocument): Buffer {
    const { head, papers, bytes } = this.#parts(document, (count) => count === document.records)
    const body = Buffer.allocUnsafe(bytes)
    let offset = body.write(head, 'utf8')
    for (const [index, paper] of papers.entries()) {
      offset += body.write(PAPER_START, offset, 'latin1')
      offset = writeDigits(body, offset, document.number, 4)
      body[offset++] = 0x2d
      offset = writeDigits(body, offset, index + 1, 5)
      offset += paper.copy(body, offset)
    }
    body.write(FOOT, offset, 'latin1')
    return body
  }

  /** Adds papers until the document is full with `count` of them, or has `bytes`. */
  #parts(
    document: Pick<DemoDocument, 'number' | 'behaviour' | 'seed'>,
    isFull: (count: number, bytes: number) => boolean,
  ): { readonly head: string; readonly papers: readonly Buffer[]; readonly bytes: number } {
    const random = createRandom(document.seed)
    const head = documentHead(document.number, integerBetween(random, 1979, 2026))
    const papers: Buffer[] = []
    let bytes = Buffer.byteLength(head) + FOOT.length
    while (!isFull(papers.length, bytes)) {
      const paper = oneOf(random, this.#papers)
      papers.push(paper)
      bytes += PAPER_START.length + NUMBER_BYTES + paper.length
    }
    const broken = BROKEN_PAPERS[document.behaviour]
    const index = papers.length >> 1
    const replaced = papers[index]
    if (broken !== undefined && replaced !== undefined) {
      bytes += broken.length - replaced.length
      papers[index] = broken
    }
    return { head, papers, bytes }
  }
}

const BROKEN_PAPERS: Readonly<Partial<Record<Behaviour, Buffer>>> = {
  mismatched: MISMATCHED_PAPER,
  'undefined-entity': UNDEFINED_ENTITY_PAPER,
}

const FOOT = '</volume>\n'

function documentHead(number: number, year: number): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<!-- Made up for the demonstration of xmlmill. -->
<volume id="V${digits(number, 4)}" xml:lang="en">
  <meta>
    <booktitle>Proceedings of the ${year} Workshop on Made-Up &amp; Imagined Results</booktitle>
    <publisher>Université de l&#39;Exemple</publisher>
    <year>${year}</year>
  </meta>
`
}

function digits(value: number, width: number): string {
  return String(value).padStart(width, '0')
}

/** Writes a number in decimal without making a string of it, 130,000 times in a run; gives the offset behind it. */
function writeDigits(body: Buffer, offset: number, value: number, width: number): number {
  let left = value
  for (let index = offset + width - 1; index >= offset; index--) {
    body[index] = 0x30 + (left % 10)
    left = Math.floor(left / 10)
  }
  return offset + width
}
