/**
 * The engine: XML to lines of records at memory's speed, in WebAssembly (../assembly). This is its host: it moves bytes in
 * and out, and does what is rare and easier here: the XML declaration, the document type declaration, entities, messages.
 */
import { existsSync, readFileSync } from 'node:fs'
import { type ErrorCode, MillError } from '../../../src/errors.ts'
import type { ElementForms } from '../../../src/model.ts'
import type { Doctype } from '../dtd/doctype.ts'
import { DoctypeError, parseDoctype } from '../dtd/doctype.ts'
import type { Emit, Parser, RecordParser } from '../parser.ts'
import { engineError, errorAt } from './failures.ts'
import { entityMeaning } from './general-entities.ts'
import { Instance } from './instance.ts'
import { type EngineOptions, engineSetting } from './setting.ts'
import { DeclarationError, readXmlDeclaration } from './xml-declaration.ts'

export type { EngineOptions } from './setting.ts'

// As in assembly/failure.ts.
const BAD = -1
const NEED = 0
const FULL = 1
const DONE = 2
const DECLARATION = 3
const DOCTYPE = 4
const ENTITY = 5

/** Larger chunks are fed in pieces: the engine's input then stays in the processor's cache, and its memory small. */
const PIECE_BYTES = 128 << 10
/** Instances waiting for a document; a thread rarely has more than two documents at once. */
const MAX_WAITING = 4

const COMPILED = new URL('./engine.wasm', import.meta.url)

let compiled: WebAssembly.Module | undefined

/**
 * Compiled once in a thread, when the first engine is made.
 * @throws Error when `npm ci` has not compiled it
 */
function compiledEngine(): WebAssembly.Module {
  if (compiled === undefined) {
    if (!existsSync(COMPILED)) throw new Error('the engine is not compiled yet: run node scripts/build-engine.ts')
    compiled = new WebAssembly.Module(readFileSync(COMPILED))
  }
  return compiled
}

/**
 * The engine as a parser of this thread. Documents may be open at the same time.
 * @throws MillError OPTIONS_INVALID
 */
export function createEngine(options: EngineOptions, module = compiledEngine()): Parser {
  const setting = engineSetting(options)
  const waiting: Instance[] = []
  const giveBack = (instance: Instance) => {
    if (instance.isReusable && waiting.length < MAX_WAITING) waiting.push(instance)
  }
  return {
    open({ url }, emit) {
      const instance = waiting.pop() ?? new Instance(module, setting)
      return new EngineDocument(instance, url, emit, giveBack)
    },
  }
}

class EngineDocument implements RecordParser {
  readonly #instance: Instance
  readonly #emit: Emit
  readonly #giveBack: (instance: Instance) => void
  #emitted = 0
  #standalone = false
  #doctype: Doctype | undefined
  /** A trap or an error thrown by `emit` leaves the instance in the middle of things. */
  #isSound = true
  #notes: Record<string, number> = {}
  #forms: ElementForms | undefined

  constructor(instance: Instance, url: string, emit: Emit, giveBack: (instance: Instance) => void) {
    this.#instance = instance
    this.#emit = emit
    this.#giveBack = giveBack
    instance.calls.reset()
    instance.calls.open(instance.stage(`{"url":${JSON.stringify(url)},"n":`))
  }

  get notes(): Readonly<Record<string, number>> {
    return this.#notes
  }

  get forms(): ElementForms | undefined {
    return this.#forms
  }

  write(chunk: Uint8Array): void {
    for (let start = 0; start < chunk.length; start += PIECE_BYTES) {
      this.#feed(chunk.subarray(start, start + PIECE_BYTES), false)
    }
  }

  end(): void {
    this.#feed(new Uint8Array(0), true)
    this.#emitLines()
    const { calls } = this.#instance
    this.#note('unresolvedEntities', calls.unknownEntityCount())
    this.#note('unboundPrefixes', calls.unboundPrefixCount())
    this.#note('namespaceErrors', calls.namespaceErrorCount())
    this.#note('keyCollisions', calls.lostMemberCount())
    this.#note('mixedContent', calls.mixedElementCount())
    this.#note('childrenRegrouped', calls.regroupedElementCount())
    this.#note('commentsDropped', calls.droppedCommentCount())
    this.#note('reducedInstructions', calls.shortenedInstructionCount())
    this.#forms = this.#instance.newForms()
  }

  close(): void {
    if (this.#isSound) this.#giveBack(this.#instance)
  }

  #note(name: string, count: number): void {
    if (count > 0) this.#notes[name] = (this.#notes[name] ?? 0) + count
  }

  #feed(bytes: Uint8Array, isLast: boolean): void {
    const { calls } = this.#instance
    this.#isSound = false
    const address = calls.room(bytes.length)
    if (address === 0) throw engineError(this.#instance)
    this.#instance.memory.set(bytes, address)
    let status = calls.feed(bytes.length, isLast ? 1 : 0)
    while (status !== NEED && status !== DONE) {
      this.#serve(status)
      status = calls.run()
    }
    this.#isSound = true
  }

  #serve(status: number): void {
    if (status === FULL) this.#emitLines()
    else if (status === DECLARATION) this.#readDeclaration()
    else if (status === DOCTYPE) this.#readDoctype()
    else if (status === ENTITY) this.#defineEntity()
    else if (status === BAD) throw this.#ended(engineError(this.#instance))
    else throw new MillError('INTERNAL', `the engine said ${status}`)
  }

  /** The document has ended with an error, which leaves the instance sound, but for names that are too many: they would stay. */
  #ended(error: MillError): MillError {
    this.#isSound = error.code !== 'NAMES_TOO_MANY'
    return error
  }

  #emitLines(): void {
    const { calls, memory } = this.#instance
    const start = calls.outputStart()
    const length = calls.outputLength()
    const records = calls.recordCount()
    if (length > 0) this.#emit(memory.subarray(start, start + length), records - this.#emitted)
    this.#emitted = records
    calls.drain()
  }

  #token(): { address: number; text: string } {
    const address = this.#instance.calls.tokenAddress()
    return { address, text: this.#instance.text(address, this.#instance.calls.position()) }
  }

  #readDeclaration(): void {
    const { address, text } = this.#token()
    try {
      this.#standalone = readXmlDeclaration(text).standalone
    } catch (error) {
      if (!(error instanceof DeclarationError)) throw error
      throw this.#ended(errorAt(this.#instance, address + error.offset, 'XML_SYNTAX', error.message))
    }
  }

  #readDoctype(): void {
    const { address, text } = this.#token()
    const failure = ({ message, offset }: DoctypeError, code: ErrorCode = 'XML_DOCTYPE_INVALID') =>
      this.#ended(errorAt(this.#instance, address + Buffer.byteLength(text.slice(0, offset)), code, message))
    try {
      this.#doctype = parseDoctype(text, { standalone: this.#standalone })
    } catch (error) {
      if (error instanceof DoctypeError) throw failure(error)
      throw error
    }
    const [namespaceError] = this.#doctype.namespaceErrors
    if (namespaceError !== undefined && this.#instance.isStrict) throw failure(namespaceError, 'XML_NAMESPACE_INVALID')
    this.#note('namespaceErrors', this.#doctype.namespaceErrors.length)
    for (const [element, attributes] of this.#doctype.attributes) this.#declareAttributes(element, attributes)
  }

  #declareAttributes(
    element: string,
    attributes: Doctype['attributes'] extends ReadonlyMap<string, infer A> ? A : never,
  ): void {
    const instance = this.#instance
    // The engine keeps them as a chain with the last one first.
    for (const [name, attribute] of [...attributes].reverse()) {
      const elementNumber = instance.nameNumber(element)
      const attributeNumber = instance.nameNumber(name)
      const length = instance.stageDefault(attribute.default ?? '')
      instance.calls.declareAttribute(
        elementNumber,
        attributeNumber,
        attribute.normalised ? 1 : 0,
        attribute.default === undefined ? 0 : 1,
        length,
      )
    }
  }

  #defineEntity(): void {
    const instance = this.#instance
    const { calls } = instance
    const number = calls.failureSubject()
    const address = calls.failureAddress()
    const inAttribute = calls.isAskedInAttribute()
    const bytesRead = instance.calls.bytesBefore() + address - calls.inputStart()
    try {
      const { kind, text } = entityMeaning(
        instance.nameText(number),
        inAttribute === 1,
        this.#doctype,
        this.#standalone,
        bytesRead,
      )
      calls.defineEntity(number, inAttribute, kind, instance.stage(text))
    } catch (error) {
      if (!(error instanceof MillError)) throw error
      throw this.#ended(errorAt(instance, address, error.code, error.message))
    }
  }
}
