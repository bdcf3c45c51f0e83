/**
 * Records by fast-xml-parser, behind a strict gate: the whole document is gathered, checked by saxes, and each record's
 * own XML given to fast-xml-parser. It takes any of that parser's options, at 10-20 MB/s, and needs the document in memory.
 *
 * Differences to fast-xml-parser alone with `{ ignoreAttributes: false, parseTagValue: false, parseAttributeValue: false }`:
 * all character references and the entities of the internal subset are decoded, exactly once; only XML's own white space is
 * trimmed; white space in attributes is normalised and the internal subset's defaults are added; names such as `__proto__` and `toString` are plain data; an
 * instruction in a record whose quotes do not pair keeps its name alone.
 */
import { constants } from 'node:buffer'
import { MillError } from '../../src/errors.ts'
import { type CheckedDocument, checkDocument, type GateOptions, type RecordRange } from './gate/gate.ts'
import { htmlEntity } from './html-entities.ts'
import { LineBatch } from './line-batch.ts'
import { OwnXml } from './own-xml.ts'
import type { Emit, Parser, ParserOptions, RecordParser } from './parser.ts'
import { parseRecordPath } from './record-path.ts'
import { createRecordShape, isUnreadableName, type RecordShape } from './record-shape.ts'

/**
 * A parser of one thread.
 * @throws MillError OPTIONS_INVALID for an impossible record path, or options that fast-xml-parser does not take
 */
export function createFastXmlParser(options: ParserOptions): Parser {
  const gate: GateOptions = {
    paths: options.record.map(parseRecordPath),
    maxDepth: options.maxDepth,
    maxRecordBytes: options.maxRecordBytes,
    extraEntities: options.parserOptions.htmlEntities ? htmlEntity : () => undefined,
    isUnreadableName,
  }
  const shape = createRecordShape(options)
  const { envelope, withXml = false } = options
  return {
    open: ({ url }, emit) => new GatheredDocument(url, emit, { gate, shape, envelope, withXml }),
  }
}

interface Equipment {
  readonly gate: GateOptions
  readonly shape: RecordShape
  readonly envelope: boolean
  readonly withXml: boolean
}

class GatheredDocument implements RecordParser {
  readonly #url: string
  readonly #emit: Emit
  readonly #equipment: Equipment
  #chunks: Uint8Array[] = []
  #byteLength = 0
  notes: Readonly<Record<string, number>> = {}

  constructor(url: string, emit: Emit, equipment: Equipment) {
    this.#url = url
    this.#emit = emit
    this.#equipment = equipment
  }

  write(chunk: Uint8Array): void {
    this.#byteLength += chunk.length
    if (this.#byteLength > constants.MAX_STRING_LENGTH) {
      throw new MillError('PARSER_FAILED', 'fast-xml-parser takes no document over 512 MiB: leave out --parser')
    }
    this.#chunks.push(Uint8Array.from(chunk))
  }

  end(): void {
    const source = Buffer.concat(this.#chunks).toString('utf8')
    this.#chunks = []
    const checked = checkDocument(source, this.#equipment.gate)
    const lines = new LineBatch(this.#emit)
    const ownXml = this.#equipment.withXml ? new OwnXml(source) : undefined
    for (const [number, record] of checked.records.entries()) {
      const line = this.#line(checked, record, number)
      const xml = ownXml?.of(record)
      lines.add(xml === undefined ? line : `${Buffer.byteLength(xml)}${xml}${line}`)
    }
    lines.flush()
    this.notes = checked.notes
  }

  close(): void {
    this.#chunks = []
  }

  #line({ text, entities }: CheckedDocument, record: RecordRange, number: number): string {
    const { shape, envelope } = this.#equipment
    const json = shape.toJson(recordXml(text, record), record, (value) => entities.decode(value))
    if (!envelope) return json
    return `{"url":${JSON.stringify(this.#url)},"n":${number},"name":${JSON.stringify(record.name)},"record":${json}}`
  }
}

function recordXml(text: string, { start, end, edits }: RecordRange): string {
  if (edits.length === 0) return text.slice(start, end)
  const parts: string[] = []
  let at = start
  for (const edit of edits) {
    parts.push(text.slice(at, edit.start), edit.text)
    at = edit.end
  }
  parts.push(text.slice(at, end))
  return parts.join('')
}
