/**
 * The strict gate in front of fast-xml-parser, which takes half of what is malformed for good: saxes reads the whole
 * document first, and on its way marks where the records are. About 100 MB/s, a fifth of the time of what follows.
 */
import { SaxesParser } from 'saxes'
import { MillError } from '../../../src/errors.ts'
import { type Doctype, DoctypeError, parseDoctype } from '../dtd/doctype.ts'
import { RecordMatcher, type RecordPath, usesNamespaces } from '../record-path.ts'
import { EntityTable, type Meaning } from './entities.ts'
import { NamespaceScopes } from './namespaces.ts'
import { placeOf } from './place.ts'
import { rewrittenTag } from './start-tag.ts'

/** A piece of a record's text that fast-xml-parser would misread, and what it is to read instead. */
export interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

export interface RecordRange {
  /** As written, prefix included. */
  readonly name: string
  /** Offsets of the record's element in the text. */
  readonly start: number
  readonly end: number
  /** In order, without overlap. */
  readonly edits: readonly Edit[]
}

export interface CheckedDocument {
  /** With line ends normalised (XML 1.0 section 2.11). */
  readonly text: string
  /** In document order; none lies in another. */
  readonly records: readonly RecordRange[]
  readonly entities: EntityTable
  /** `unresolvedEntities`, `reducedInstructions` */
  readonly notes: Readonly<Record<string, number>>
}

export interface GateOptions {
  readonly paths: readonly RecordPath[]
  readonly maxDepth: number
  readonly maxRecordBytes: number
  /** Entities known without a declaration. */
  readonly extraEntities: (name: string) => string | undefined
  /** Names of elements and attributes that the parser behind the gate cannot read. */
  readonly isUnreadableName: (name: string) => boolean
}

/**
 * Checks a whole document and finds its records.
 * @throws MillError XML_NOT_WELL_FORMED, XML_TRUNCATED, XML_ENTITY_EXPANSION, DEPTH_TOO_GREAT, RECORD_TOO_LARGE, PARSER_FAILED
 */
export function checkDocument(source: string, options: GateOptions): CheckedDocument {
  return new Gate(source, options).check()
}

interface OpenElement {
  readonly name: string
  /** Of its `<`. */
  readonly start: number
}

const STANDALONE = /^<\?xml[^?]*\sstandalone\s*=\s*["']yes["']/
/** Production 27, and the XML declaration. */
const MISC = /^(?:[ \t\n]|<!--[\s\S]*?-->|<\?[\s\S]*?\?>)*/

const NO_EDITS: readonly Edit[] = []

class Gate {
  readonly #source: string
  readonly #text: string
  readonly #options: GateOptions
  // Always as XML 1.0: a document of a later 1.x is read as far as it keeps to it (fifth edition, section 2.8).
  readonly #saxes = new SaxesParser<{ xmlns: false; position: false; forceXMLVersion: true; defaultXMLVersion: '1.0' }>(
    {
      xmlns: false,
      position: false,
      forceXMLVersion: true,
      defaultXMLVersion: '1.0',
    },
  )
  readonly #matcher: RecordMatcher
  readonly #namespaces: NamespaceScopes | undefined
  readonly #open: OpenElement[] = []
  readonly #records: RecordRange[] = []
  readonly #readableNames = new Set<string>()
  readonly #notes: Record<string, number> = {}
  #entities: EntityTable
  #doctype: Doctype | undefined
  #mayDeclareMore = false
  /** Depth of the element that is the current record; 0 outside of records. */
  #recordDepth = 0
  #edits: Edit[] = []
  /** Of the start tag being read; -1 elsewhere. */
  #tagStart = -1
  #lastClosed: OpenElement | undefined
  /** End of the DOCTYPE declaration, then of the root: between the two and after, only `MISC` may stand. */
  #markupEnd = 0
  #hasEnded = false

  constructor(source: string, options: GateOptions) {
    this.#source = source
    this.#text = source.includes('\r') ? source.replace(/\r\n?/g, '\n') : source
    this.#options = options
    this.#matcher = new RecordMatcher(options.paths)
    this.#namespaces = usesNamespaces(options.paths) ? new NamespaceScopes() : undefined
    this.#entities = new EntityTable(new Map(), options.extraEntities, source.length)
  }

  check(): CheckedDocument {
    const saxes = this.#saxes
    // No eighth handler: with it V8 keeps the parser as a dictionary, and saxes takes six times as long.
    saxes.on('error', (error) => this.#onError(error.message))
    saxes.on('doctype', (text) => this.#onDoctype(text))
    saxes.on('opentagstart', ({ name }) => {
      this.#tagStart = saxes.position - name.length - 2
    })
    saxes.on('opentag', ({ name, attributes }) => this.#onOpen(name, attributes))
    saxes.on('closetag', ({ name }) => this.#onClose(name))
    saxes.on('processinginstruction', ({ target, body }) => this.#onInstruction(target, body))
    // saxes skips a mark here, but the decoder has taken the document's own off already.
    if (this.#text.startsWith('\uFEFF')) this.#fail('a second byte order mark stands before the document', 0)
    saxes.write(this.#text)
    this.#hasEnded = true
    saxes.close()
    return { text: this.#text, records: this.#records, entities: this.#entities, notes: this.#notes }
  }

  #onDoctype(inner: string): void {
    const text = `<!DOCTYPE${inner}>`
    const isStandalone = STANDALONE.test(this.#text)
    const start = this.#saxes.position - text.length
    this.#markupEnd = this.#saxes.position
    try {
      const doctype = parseDoctype(text, { standalone: isStandalone })
      this.#doctype = doctype
      this.#mayDeclareMore = !isStandalone && (doctype.hasExternalSubset || doctype.hasParameterReference)
      this.#entities = new EntityTable(doctype.generalEntities, this.#options.extraEntities, this.#source.length)
    } catch (error) {
      throw error instanceof DoctypeError ? this.#wrong(error.message, start + error.offset) : error
    }
  }

  #onOpen(name: string, attributes: Readonly<Record<string, string>>): void {
    const start = this.#tagStart
    this.#tagStart = -1
    this.#open.push({ name, start })
    const depth = this.#open.length
    if (depth > this.#options.maxDepth) {
      const message = `<${name}> is nested ${depth} deep, --max-depth allows ${this.#options.maxDepth}`
      throw this.#error('DEPTH_TOO_GREAT', message, start)
    }
    if (this.#recordDepth === 0) {
      const namespace = this.#namespaces?.enter(name, { ...this.#defaults(name), ...attributes }) ?? ''
      if (!this.#matcher.enter({ name, namespace })) return
      this.#recordDepth = depth
    }
    this.#checkName(name, start)
    for (const attribute in attributes) this.#checkName(attribute, start)
    const end = this.#saxes.position
    const text = rewrittenTag(this.#text.slice(start, end), {
      attributes: this.#doctype?.attributes.get(name),
      entities: this.#entities,
    })
    if (text !== undefined) this.#edits.push({ start, end, text })
  }

  /** The attributes that the internal subset gives an element by default. */
  #defaults(name: string): Record<string, string> {
    const defaults: Record<string, string> = {}
    for (const [attribute, { default: value }] of this.#doctype?.attributes.get(name) ?? []) {
      if (value !== undefined) defaults[attribute] = value
    }
    return defaults
  }

  #onClose(name: string): void {
    const element = this.#open.at(-1)
    if (element === undefined || element.name !== name) return
    const depth = this.#open.length
    this.#lastClosed = this.#open.pop()
    if (depth === 1) this.#markupEnd = this.#saxes.position
    if (this.#recordDepth !== 0 && depth > this.#recordDepth) return
    if (depth === this.#recordDepth) this.#endRecord(element)
    this.#namespaces?.leave()
    this.#matcher.leave()
  }

  #endRecord({ name, start }: OpenElement): void {
    const end = this.#saxes.position
    const { maxRecordBytes } = this.#options
    // A character takes 3 bytes at most (an astral one 4, but it is two units long).
    if (3 * (end - start) > maxRecordBytes && Buffer.byteLength(this.#text.slice(start, end)) > maxRecordBytes) {
      const message = `the record <${name}> is larger than ${maxRecordBytes} bytes (--max-record-bytes)`
      throw this.#error('RECORD_TOO_LARGE', message, start)
    }
    this.#records.push({ name, start, end, edits: this.#edits.length > 0 ? this.#edits : NO_EDITS })
    this.#edits = []
    this.#recordDepth = 0
  }

  #checkName(name: string, start: number): void {
    if (this.#readableNames.has(name)) return
    if (this.#options.isUnreadableName(name)) {
      throw this.#error('PARSER_FAILED', `fast-xml-parser cannot read the name ${JSON.stringify(name)}`, start)
    }
    this.#readableNames.add(name)
  }

  /** fast-xml-parser looks for attributes in an instruction, and past its end for the other quote. */
  #onInstruction(target: string, body: string): void {
    if (this.#recordDepth === 0 || !/["']/.test(body)) return
    if (/^(?:[^"']|"[^"]*"|'[^']*')*$/.test(body)) return
    const end = this.#saxes.position
    const start = this.#text.lastIndexOf(`<?${target}`, end - 1)
    this.#edits.push({ start, end, text: `<?${target}?>` })
    this.#count('reducedInstructions')
  }

  #onError(message: string): void {
    if (this.#hasEnded) throw this.#truncated()
    const at = this.#saxes.position
    if (message === 'undefined entity.') {
      this.#onReference(at)
      return
    }
    if (message === 'unexpected close tag.') this.#failAtEndTag(at, this.#lastClosed)
    if (message.startsWith('unmatched closing tag')) this.#failAtEndTag(at, undefined)
    const sentence = message.replace(/\.$/, '')
    if (sentence === 'disallowed character') this.#failAtCharacter(at)
    if (sentence === 'text data outside of root node') {
      const misc = MISC.exec(this.#text.slice(this.#markupEnd))?.[0] ?? ''
      this.#fail(sentence, this.#markupEnd + misc.length)
    }
    if (sentence.startsWith('duplicate attribute')) this.#fail(sentence, this.#tagStart)
    this.#fail(sentence, Math.max(0, at - 1))
  }

  #failAtCharacter(end: number): never {
    const isAstral = /^[\uDC00-\uDFFF]/.test(this.#text.slice(end - 1, end))
    const start = isAstral ? end - 2 : end - 1
    const code = this.#text.codePointAt(start) ?? 0
    const shown = code === 0x3c ? '<' : `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
    this.#fail(`the character ${shown} is not allowed here`, start)
  }

  /** A reference that saxes does not know: its entity is declared, or may be where we do not look, or it is an error. */
  #onReference(end: number): void {
    const start = this.#text.lastIndexOf('&', end - 1)
    const name = this.#text.slice(start + 1, end - 1)
    let meaning: Meaning
    try {
      meaning = this.#entities.meaning(name)
    } catch (error) {
      throw error instanceof MillError ? this.#error(error.code, error.message, start) : error
    }
    if (meaning.kind === 'text') {
      for (const inner of meaning.unresolved) this.#checkEntity(inner, this.#entities.meaning(inner).kind, start)
      // Every error costs saxes a stack trace: not again for this one.
      if (meaning.unresolved.length === 0) this.#saxes.ENTITIES[name] = ''
      return
    }
    this.#checkEntity(name, meaning.kind, start)
  }

  /** What may stand where a text is not known (XML 1.0 sections 4.1 and 4.4). */
  #checkEntity(name: string, kind: Meaning['kind'], start: number): void {
    const isInAttribute = this.#tagStart >= 0
    if (kind === 'markup') {
      if (isInAttribute) this.#fail(`the entity ${name} holds a <, which an attribute's value cannot have`, start)
      const sentence = `the entity ${name} holds markup, which --parser fast-xml-parser does not expand`
      throw this.#error('PARSER_FAILED', sentence, start)
    }
    if (kind === 'unparsed') this.#fail(`the entity ${name} is unparsed (NDATA) and cannot be referred to`, start)
    if (kind === 'undeclared' && !this.#mayDeclareMore) this.#fail(`the entity ${name} is not declared`, start)
    if (kind === 'external' && isInAttribute) {
      this.#fail(`the entity ${name} is external and cannot stand in an attribute's value`, start)
    }
    this.#count('unresolvedEntities')
  }

  /** @param open what saxes has just closed by it: it reports the mismatch afterwards */
  #failAtEndTag(at: number, open: OpenElement | undefined): never {
    const start = this.#text.lastIndexOf('</', at - 1)
    const name = /^[^\s>]*/.exec(this.#text.slice(start + 2, at))?.[0] ?? ''
    if (open === undefined) this.#fail(`</${name}> closes nothing`, start)
    this.#fail(`</${name}> closes <${open.name}> opened at ${this.#shown(open.start)}`, start)
  }

  #truncated(): MillError {
    const open = this.#open.at(-1)
    const where =
      open === undefined
        ? 'before its root element is complete'
        : `inside <${open.name}> opened at ${this.#shown(open.start)}`
    return this.#error('XML_TRUNCATED', `the document ends ${where}`, this.#text.length)
  }

  #shown(offset: number): string {
    const { line, column } = placeOf(this.#text, offset, this.#source)
    return `${line}:${column}`
  }

  #count(note: string): void {
    this.#notes[note] = (this.#notes[note] ?? 0) + 1
  }

  #fail(sentence: string, offset: number): never {
    throw this.#wrong(sentence, offset)
  }

  #wrong(sentence: string, offset: number): MillError {
    return this.#error('XML_NOT_WELL_FORMED', sentence, offset)
  }

  #error(code: MillError['code'], sentence: string, offset: number): MillError {
    const place = placeOf(this.#text, offset, this.#source)
    return new MillError(code, `${place.line}:${place.column}: ${sentence}`, place)
  }
}
