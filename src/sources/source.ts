/** Where the documents of a run come from: arguments, a program's own URLs, and lists, one after the other. */
import type { Readable } from 'node:stream'
import { type Failure, MillError } from '../errors.ts'
import type { BadLine, Document, DocumentHistory } from '../model.ts'
import type { Shard } from '../options.ts'
import { type Address, addressOf } from './address.ts'
import { argumentBatches } from './arguments.ts'
import type { Batch, Item, Origin } from './item.ts'
import { checkLists, listFileBatches, listName, STDIN } from './list-file.ts'
import { SeenTexts } from './seen.ts'
import { isOfShard } from './shard.ts'
import { untilAborted } from './until-aborted.ts'

/** What a list gives: a document, or a line that is none. */
export type Listed =
  | { readonly kind: 'document'; readonly document: Document }
  | { readonly kind: 'bad-line'; readonly line: BadLine }

/** Where a run's documents come from. */
export interface DocumentSource extends AsyncIterableIterator<Listed, undefined> {
  /** Lines dropped so far because their URL was listed before. */
  readonly duplicates: number
  /** Documents so far that are left to other shards. */
  readonly ofOtherShards: number
  return(): Promise<IteratorResult<Listed, undefined>>
  /** Set where the documents are lent by a queue that other machines take from as well. */
  readonly loan?: Loan
}

/** The terms on which a queue lends documents. */
export interface Loan {
  /** Whether documents may start at all: not while it is in doubt that they are still ours. */
  readonly isGood: boolean
  /** Whether this one is still ours. */
  has(document: Document): boolean
  /** An attempt at a document has failed. One that waits for another try waits in the queue: whoever is free then takes it. */
  failed(attempt: FailedAttempt): void
}

export interface FailedAttempt {
  readonly document: Document
  readonly failure: Failure
  /** Absent when there is no other try. */
  readonly again?: {
    readonly history: DocumentHistory
    readonly waitMs: number
    /** Whether the server asked for a wait beyond the limit. */
    readonly isPutOff: boolean
  }
}

/**
 * What was given beside the lists. `arguments` are a command line's: curl's ranges in URLs and wildcards in local paths are
 * expanded. `urls` are a program's: each is taken as it stands. In both, a local path is relative to `cwd`.
 */
export type Given =
  | { readonly arguments: readonly string[] }
  | { readonly urls: string | Iterable<string | URL> | AsyncIterable<string | URL> }

export interface SourceOptions {
  /** Lists, a URL or local path a line; `-` is standard input. Their lines are never expanded, as in curl. */
  readonly inputFiles: readonly string[]
  /** Whether a URL that is listed again is another document. */
  readonly keepDuplicates: boolean
  /** Only documents of this shard are given, and only its lines are told of that are none. */
  readonly shard?: Shard | undefined
  /** Stands in for process.stdin; it is destroyed when the list is left. */
  readonly stdin?: Readable
  /** What local paths are relative to, in arguments and in lists alike: not the folder of the list. Default: process.cwd(). */
  readonly cwd?: string
}

/**
 * The documents of a run, lazily: nothing is opened before the first is asked for, nor read much ahead of what is taken.
 * To be iterated once. Ids count from 0 in list order, bad lines included, dropped duplicates and
 * what is of other shards not.
 *
 * Leaving the iteration, also while a `next` waits for a slow list, closes files and standard input.
 *
 * @throws MillError OPTIONS_INVALID when standard input is asked for twice; from the iteration SOURCE_UNREADABLE when a list
 * cannot be read: before the first document when it cannot be opened, later when it is damaged
 */
export function listDocuments(given: Given, options: SourceOptions): DocumentList {
  return new DocumentList(given, options)
}

export class DocumentList implements DocumentSource {
  readonly #options: SourceOptions
  readonly #cwd: string
  readonly #origins: readonly Origin[]
  readonly #keepsDuplicates: boolean
  readonly #seen = new SeenTexts()
  /** How often what is listed again was listed before; most never are. */
  readonly #repeats = new Map<string, number>()
  readonly #leaving = new AbortController()
  readonly #listed: AsyncGenerator<Listed, undefined>
  #duplicates = 0
  #ofOtherShards = 0
  #nextId = 0

  constructor(given: Given, options: SourceOptions) {
    if (options.inputFiles.filter((file) => file === STDIN).length > 1) {
      throw new MillError('OPTIONS_INVALID', '--input-file is - twice; standard input can be read once')
    }
    this.#options = options
    this.#cwd = options.cwd ?? process.cwd()
    this.#keepsDuplicates = options.keepDuplicates
    this.#origins = [this.#originOf(given), ...options.inputFiles.map((file) => this.#originOfList(file))]
    this.#listed = this.#list()
  }

  /** Lines dropped so far because their URL was listed before; complete at the end of the iteration. */
  get duplicates(): number {
    return this.#duplicates
  }

  /** Lines dropped so far because they are of other shards, duplicates among them; complete at the end of the iteration. */
  get ofOtherShards(): number {
    return this.#ofOtherShards
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<Listed, undefined>> {
    return this.#listed.next()
  }

  return(): Promise<IteratorResult<Listed, undefined>> {
    this.#leaving.abort()
    return this.#listed.return(undefined)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  async *#list(): AsyncGenerator<Listed, undefined> {
    await checkLists(this.#options.inputFiles, this.#cwd)
    for (const origin of this.#origins) {
      for await (const batch of untilAborted(origin.batches, this.#leaving.signal)) {
        for (const item of batch) {
          const listed = this.#judge(item, origin)
          if (listed !== undefined) yield listed
        }
      }
    }
    return undefined
  }

  #judge(item: Item, origin: Origin): Listed | undefined {
    const address = item.fault === undefined ? addressOf(item.text, this.#cwd) : { fault: item.fault }
    if (!this.#isOurs(item, address)) {
      this.#ofOtherShards++
      return undefined
    }
    if ('fault' in address) {
      const { text: url, number } = item
      const failure = new MillError(item.code ?? 'URL_INVALID', `${origin.place(number)}: ${address.fault}`).toFailure()
      return { kind: 'bad-line', line: { id: this.#nextId++, url, failure } }
    }
    const { url, host, key } = address
    if (this.#seen.add(key)) return { kind: 'document', document: { id: this.#nextId++, url, host } }
    if (!this.#keepsDuplicates) {
      this.#duplicates++
      return undefined
    }
    const occurrence = (this.#repeats.get(key) ?? 0) + 1
    this.#repeats.set(key, occurrence)
    return { kind: 'document', document: { id: this.#nextId++, url, host, occurrence } }
  }

  #isOurs({ text }: Item, address: Address | { readonly fault: string }): boolean {
    const { shard } = this.#options
    if (shard === undefined) return true
    return isOfShard('fault' in address ? text : address.host || address.key, shard)
  }

  #originOf(given: Given): Origin {
    if ('arguments' in given) {
      return { batches: argumentBatches(given.arguments, this.#cwd), place: (number) => `argument ${number}` }
    }
    const urls = typeof given.urls === 'string' ? [given.urls] : given.urls
    return { batches: urlBatches(urls), place: (number) => `URL ${number}` }
  }

  #originOfList(file: string): Origin {
    const batches = listFileBatches(file, {
      cwd: this.#cwd,
      stdin: () => this.#options.stdin ?? process.stdin,
      signal: this.#leaving.signal,
    })
    return { batches, place: (number) => `${listName(file)}:${number}` }
  }
}

async function* urlBatches(urls: Iterable<unknown> | AsyncIterable<unknown>): AsyncGenerator<Batch> {
  let number = 0
  for await (const url of urls) {
    number++
    const kind = url === null ? 'null' : typeof url
    if (typeof url === 'string') yield [{ text: url.trim(), number }]
    else if (url instanceof URL) yield [{ text: url.href, number }]
    else yield [{ text: `[${kind}]`, number, fault: `${kind} was given where a URL is wanted` }]
  }
}
