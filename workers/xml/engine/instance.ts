/** One instance of the compiled engine, with its memory, and what can be asked about the document it reads. */
import { randomBytes } from 'node:crypto'
import type { ElementForms } from '../../../src/model.ts'
import type { RecordPath } from '../record-path.ts'
import { type Calls, engineCalls } from './calls.ts'
import type { Setting } from './setting.ts'

/** What stays for the next document: more is given back to the system. */
const MAX_KEPT_BYTES = 16 << 20
const MAX_KEPT_NAMES = 4096

const AROUND_CHARACTERS = 20
const PATH_STEPS = 6

// As in assembly/paths.ts.
const STEP_ANY_NAME = 1
const STEP_NAMESPACED = 2
const STEP_ANYWHERE = 4
const STEP_FIRST = 8
const STEP_LAST = 16

// As in assembly/names.ts.
const SINGLE = 32
const REPEATED = 64
/** Told with one document: whoever makes up names without end is not followed. */
const MAX_FORMS = 2000

const decoder = new TextDecoder()
const encoder = new TextEncoder()

export class Instance {
  readonly calls: Calls
  readonly maxDepth: number
  readonly maxRecordBytes: number
  readonly isStrict: boolean
  #memory: Uint8Array

  constructor(module: WebAssembly.Module, setting: Setting) {
    const abort = () => {
      throw new Error('an assertion of the engine failed')
    }
    this.calls = engineCalls(new WebAssembly.Instance(module, { env: { abort } }))
    this.#memory = new Uint8Array(this.calls.memory.buffer)
    this.maxDepth = setting.maxDepth
    this.maxRecordBytes = setting.maxRecordBytes
    this.isStrict = setting.isStrict
    const secret = randomBytes(8)
    const { calls } = this
    calls.setLimits(setting.maxRecordBytes, setting.maxDepth, setting.outputFactor)
    calls.setShape(setting.shape, setting.flags)
    calls.initialise(secret.readInt32LE(0), secret.readInt32LE(4))
    calls.reserveNamespaces(
      this.#namespace('http://www.w3.org/XML/1998/namespace'),
      this.#namespace('http://www.w3.org/2000/xmlns/'),
    )
    const attributeKey = this.#keep(setting.attributeKey)
    const textKey = this.#keep(setting.textKey)
    calls.setKeys(attributeKey.offset, attributeKey.length, textKey.offset, textKey.length)
    for (const name of setting.array) calls.markArray(this.nameNumber(name))
    for (const path of setting.paths) this.#addPath(path)
    for (const { from, kind, name, to } of setting.selection) {
      calls.addEdge(from, kind, name === '' ? 0 : this.nameNumber(name), to)
    }
    calls.keepAux()
  }

  /** The memory as it is now: a view is lost whenever the memory grows. */
  get memory(): Uint8Array {
    if (this.#memory.buffer !== this.calls.memory.buffer) this.#memory = new Uint8Array(this.calls.memory.buffer)
    return this.#memory
  }

  /** Whether it may take another document, or has grown too large to be kept. */
  get isReusable(): boolean {
    return this.memory.length <= MAX_KEPT_BYTES && this.calls.nameCount() <= MAX_KEPT_NAMES
  }

  #addPath(path: RecordPath): void {
    for (const [index, step] of path.steps.entries()) {
      const kind =
        (step.name === undefined ? STEP_ANY_NAME : 0) |
        (step.namespace === undefined ? 0 : STEP_NAMESPACED) |
        (step.axis === 'descendant' ? STEP_ANYWHERE : 0) |
        (index === 0 ? STEP_FIRST : 0) |
        (index === path.steps.length - 1 ? STEP_LAST : 0)
      const name = step.name === undefined ? 0 : this.nameNumber(step.name)
      const namespace = step.namespace ? this.#namespace(step.namespace) : 0
      if (this.calls.addStep(name, namespace, kind) === 0) throw new Error('too many record paths')
    }
  }

  #namespace(uri: string): number {
    return this.calls.namespaceStaged(this.stage(uri))
  }

  #keep(text: string): { offset: number; length: number } {
    const length = this.stage(text)
    return { offset: this.calls.keepBytes(length), length }
  }

  /** Puts text where the engine takes it from; its length in bytes. */
  stage(text: string): number {
    const bytes = encoder.encode(text)
    this.#put(this.calls.stageBytes(bytes.length), bytes)
    return bytes.length
  }

  stageDefault(text: string): number {
    const bytes = encoder.encode(text)
    this.#put(this.calls.stageDefault(bytes.length), bytes)
    return bytes.length
  }

  #put(address: number, bytes: Uint8Array): void {
    if (address === 0) throw new Error('the engine has no memory left')
    this.memory.set(bytes, address)
  }

  /** The number of a name that is known to be one. */
  nameNumber(name: string): number {
    return this.calls.nameStaged(this.stage(name))
  }

  text(start: number, end: number): string {
    return decoder.decode(this.memory.subarray(start, end))
  }

  nameText(number: number): string {
    const start = this.calls.nameAddress(number)
    return this.text(start, start + this.calls.nameSize(number))
  }

  /** What the document that has come to its end is the first to show of elements' names. */
  newForms(): ElementForms | undefined {
    const { calls } = this
    const single: string[] = []
    const repeated: string[] = []
    for (let name = calls.nextUntold(1); name !== 0; name = calls.nextUntold(name + 1)) {
      const forms = calls.tell(name)
      if (single.length + repeated.length >= MAX_FORMS) continue
      if (forms & SINGLE) single.push(this.nameText(name))
      if (forms & REPEATED) repeated.push(this.nameText(name))
    }
    calls.allTold()
    return single.length + repeated.length === 0 ? undefined : { single, repeated }
  }

  // About a failure.

  subject(): string {
    return this.nameText(this.calls.failureSubject())
  }

  innermost(): string {
    const open = this.calls.openElements()
    return open === 0 ? '' : this.nameText(this.calls.elementName(open - 1))
  }

  innermostPlace(): string {
    this.calls.locateOpenElement(this.calls.openElements() - 1)
    return `${this.calls.foundLine()}:${this.calls.foundColumn()}`
  }

  innermostEntity(): string {
    const open = this.calls.openEntities()
    return open === 0 ? '' : this.nameText(this.calls.entityName(open - 1))
  }

  /** The open elements as a path, the innermost few of them. */
  path(): string {
    const open = this.calls.openElements()
    const first = Math.max(0, open - PATH_STEPS)
    const names = Array.from({ length: open - first }, (_, index) =>
      this.nameText(this.calls.elementName(first + index)),
    )
    return names.length === 0 ? '' : `${first > 0 ? '…' : ''}/${names.join('/')}`
  }

  placeOf(address: number): { line: number; column: number; byteOffset: number } {
    this.calls.locateAddress(address)
    const byteOffset = this.calls.bytesBefore() + address - this.calls.inputStart()
    return { line: this.calls.foundLine(), column: this.calls.foundColumn(), byteOffset }
  }

  /** What stands before and after an address. */
  around(address: number): string {
    const from = Math.max(this.calls.inputStart(), address - 4 * AROUND_CHARACTERS)
    const to = Math.min(this.calls.inputEnd(), address + 4 * AROUND_CHARACTERS)
    const before = [...this.text(from, address).replace(/^\uFFFD+/, '')].slice(-AROUND_CHARACTERS)
    const after = [...this.text(address, to).replace(/\uFFFD+$/, '')].slice(0, AROUND_CHARACTERS)
    return JSON.stringify([...before, ...after].join(''))
  }

  /** For messages: the character where the engine stopped. */
  characterAtFailure(): string {
    const address = this.calls.failureAddress()
    const [character = ''] = this.text(address, address + 4)
    return characterName(character.codePointAt(0) ?? 0)
  }

  invalidCharacter(): string {
    return characterName(this.calls.invalidCharacterCode())
  }

  /** For messages: what kind of token the input ends in. */
  unfinishedToken(): string {
    const start = this.calls.position()
    const text = this.text(start, Math.min(start + 9, this.calls.inputEnd()))
    if (text === '') return ''
    if (text.startsWith('<!--')) return 'a comment'
    if (text.startsWith('<![')) return 'a CDATA section'
    if (text.startsWith('<!D')) return 'the document type declaration'
    if (text.startsWith('<?')) return 'a processing instruction'
    if (text.startsWith('</')) return 'an end tag'
    if (text.startsWith('<')) return 'a tag'
    return ''
  }
}

function characterName(code: number): string {
  if (code > 0x20 && code < 0x7f) return `"${String.fromCharCode(code)}"`
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
}
