/**
 * What turns a document's text into records. One interface, several parsers: the rest of the program does not know
 * which one runs.
 */
import type { ElementForms } from '../../src/model.ts'
import type { ThreadOptions } from '../../src/options.ts'

/**
 * Takes whole lines of records as they are cut: one JSON text a record, each ended by LF, in document order. With an
 * envelope: `{"url":"…","n":0,"name":"paper","record":{…}}`. `withXml` puts its XML before each (src/channel/xml-lines.ts). The bytes are only valid during the call: copy what is to stay.
 */
export type Emit = (lines: Uint8Array, count: number) => void

/** One document being parsed. */
export interface RecordParser {
  /**
   * The next bytes of the document: valid UTF-8, cut at any place, without a byte order mark. They are only read during the call.
   * @throws MillError XML_NOT_WELL_FORMED, RECORD_TOO_LARGE, DEPTH_TOO_GREAT
   */
  write(chunk: Uint8Array): void
  /**
   * The document is whole.
   * @throws MillError as `write`, and XML_TRUNCATED
   */
  end(): void
  /** Gives the parser back, after `end` or after any error. Must be called exactly once. */
  close(): void
  /** What the output does not carry, counted by name; complete after `end`. */
  readonly notes: Readonly<Record<string, number>>
  /** After `end`: names of elements that this thread has not yet told of. Absent when there are none, or nobody looks. */
  readonly forms?: ElementForms | undefined
}

/** A parser of one thread: opens documents, several at a time. */
export interface Parser {
  open(document: { readonly url: string }, emit: Emit): RecordParser
}

/** What a parser is made from. What only the engine does has the engine's defaults. */
export type ParserOptions = Pick<
  ThreadOptions,
  'record' | 'array' | 'envelope' | 'parserOptions' | 'maxDepth' | 'maxRecordBytes'
> &
  Partial<
    Pick<
      ThreadOptions,
      | 'nested'
      | 'withAttributesOf'
      | 'shape'
      | 'attributePrefix'
      | 'textKey'
      | 'noAttributes'
      | 'stripNamespaces'
      | 'values'
      | 'namespaces'
    >
  > & {
    /** Parts of a record to write, as paths such as `author.last`; all unless given. */
    readonly select?: readonly string[] | undefined
    /**
     * Whether each record's own XML stands before its line: from `<` of its start tag to `>` of its end tag as the document, or the entity
     * that it is in, has it, in UTF-8. Default false.
     */
    readonly withXml?: boolean
  }
