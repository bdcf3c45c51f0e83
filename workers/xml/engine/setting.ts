/** The options of the engine, resolved into what it is told once. */
import { MillError } from '../../../src/errors.ts'
import type { ParserOptions } from '../parser.ts'
import { parseRecordPath, type RecordPath } from '../record-path.ts'
import { type SelectionEdge, selectionEdges } from './selection.ts'

/** What the engine is made from. */
export interface EngineOptions
  extends Pick<ParserOptions, 'record' | 'array' | 'envelope' | 'maxDepth' | 'maxRecordBytes' | 'withXml'> {
  /** `json`: fast-xml-parser's shape; `ordered`: its preserveOrder shape; `xml`: the record's own text. Default json. */
  readonly shape?: 'json' | 'ordered' | 'xml'
  /** Before the names of attributes. Default `@_`. */
  readonly attributePrefix?: string
  /** The key of text beside attributes or children. Default `#text`. */
  readonly textKey?: string
  /** Leave attributes out. Default false. */
  readonly noAttributes?: boolean
  /** Write names without their prefixes, and no declarations of prefixes. Default false. */
  readonly stripNamespaces?: boolean
  /** Write exact numbers and booleans as such. Default false. */
  readonly values?: boolean
  /** A record inside a record gives a line of its own, too. Default false. */
  readonly nested?: boolean
  /** `ancestors`: attributes of the elements around a record go into the envelope. */
  readonly withAttributesOf?: 'ancestors' | undefined
  /** Only these parts of a record are kept and written, such as `title`, `author.last`, `@_id`; json only. Default all. */
  readonly select?: readonly string[] | undefined
  /** `strict`: what Namespaces in XML forbids is an error; else it is counted in the notes. Default lax. */
  readonly namespaces?: 'lax' | 'strict'
}

export interface Setting {
  readonly maxDepth: number
  readonly maxRecordBytes: number
  readonly isStrict: boolean
  readonly outputFactor: number
  readonly shape: number
  readonly flags: number
  /** How an attribute's key begins, and the whole key of text, as JSON. */
  readonly attributeKey: string
  readonly textKey: string
  readonly array: readonly string[]
  readonly paths: readonly RecordPath[]
  readonly selection: readonly SelectionEdge[]
}

// As in assembly/options.ts.
const SHAPES = { json: 0, ordered: 1, xml: 2 } as const
const FLAG_ENVELOPE = 1
const FLAG_NO_ATTRIBUTES = 2
const FLAG_STRIP = 4
const FLAG_VALUES = 8
const FLAG_NESTED = 16
const FLAG_CONTEXT = 32
const FLAG_STRICT_NAMESPACES = 64
const FLAG_COLLIDES = 128
const FLAG_WITH_XML = 256

/** Sets of steps are bits of a 64-bit number (assembly/paths.ts). */
const MAX_STEPS = 64
/** Offsets in the engine's memory have 32 bits, and a tree takes more than its text. */
const MOST_RECORD_BYTES = 1 << 30

/** @throws MillError OPTIONS_INVALID */
export function engineSetting(options: EngineOptions): Setting {
  const paths = (options.record.length > 0 ? options.record : ['/*']).map(parseRecordPath)
  if (paths.reduce((sum, { steps }) => sum + steps.length, 0) > MAX_STEPS) {
    throw new MillError('OPTIONS_INVALID', `--record has more than ${MAX_STEPS} steps in all its paths`)
  }
  const shape = options.shape ?? 'json'
  const { noAttributes, stripNamespaces, values, select } = options
  if (select !== undefined && (shape !== 'json' || options.nested)) {
    throw new MillError('OPTIONS_INVALID', 'select is for --shape json, without --nested')
  }
  if (shape === 'xml' && (noAttributes || stripNamespaces || values)) {
    throw new MillError(
      'OPTIONS_INVALID',
      '--shape xml keeps the text as it is: leave out --no-attributes, --strip-namespaces and --values',
    )
  }
  const attributeKey = JSON.stringify(options.attributePrefix ?? '@_').slice(0, -1)
  const textKey = `${JSON.stringify(options.textKey ?? '#text')}:`
  return {
    maxDepth: options.maxDepth,
    maxRecordBytes: Math.min(options.maxRecordBytes, MOST_RECORD_BYTES),
    isStrict: options.namespaces === 'strict',
    outputFactor: outputFactor(shape, Buffer.byteLength(attributeKey), Buffer.byteLength(textKey)),
    shape: SHAPES[shape],
    flags:
      (options.envelope ? FLAG_ENVELOPE : 0) |
      (noAttributes ? FLAG_NO_ATTRIBUTES : 0) |
      (stripNamespaces ? FLAG_STRIP : 0) |
      (values ? FLAG_VALUES : 0) |
      (options.nested ? FLAG_NESTED : 0) |
      (options.withAttributesOf === 'ancestors' ? FLAG_CONTEXT : 0) |
      (options.namespaces === 'strict' ? FLAG_STRICT_NAMESPACES : 0) |
      (mayCollide(options) ? FLAG_COLLIDES : 0) |
      (options.withXml ? FLAG_WITH_XML : 0),
    attributeKey,
    textKey,
    array: options.array,
    paths,
    selection:
      select === undefined ? [] : selectionEdges(select, options.attributePrefix ?? '@_', options.textKey ?? '#text'),
  }
}

/** Whether an attribute's key, or that of text, could be that of a child or of another attribute. */
function mayCollide({ attributePrefix = '@_', textKey = '#text', stripNamespaces = false }: EngineOptions): boolean {
  const isLikeName = (text: string) => /^[\w.:\-\u0080-\u{10FFFF}]*$/u.test(text)
  return stripNamespaces || isLikeName(attributePrefix) || isLikeName(textKey) || textKey.startsWith(attributePrefix)
}

/**
 * How many bytes of output a byte of a record gives at most. An escaped character is 2 for 1; ` a=""`, 5 bytes, becomes
 * `"@_a":"",`, 9; in the ordered shape `x<b/>`, 5 bytes, becomes `{"#text":"x"},{"b":[]},`, 23.
 */
function outputFactor(shape: 'json' | 'ordered' | 'xml', attributeKeyLength: number, textKeyLength: number): number {
  const longKeys = Math.ceil(attributeKeyLength / 4) + Math.ceil(textKeyLength / 4)
  return { json: 2, ordered: 4, xml: 2 }[shape] + longKeys
}
