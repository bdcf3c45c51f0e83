/** fast-xml-parser made to leave the data alone: a record's XML to the JSON text of its content. */
import { type X2jOptions, XMLParser } from 'fast-xml-parser'
import { MillError } from '../../src/errors.ts'
import type { RecordRange } from './gate/gate.ts'

export interface ShapeOptions {
  /** Names of elements that are arrays even when single. */
  readonly array: readonly string[]
  /** The user's own options for fast-xml-parser, which go before ours. */
  readonly parserOptions: Readonly<Record<string, unknown>>
}

export interface RecordShape {
  /**
   * JSON text of the record's content: what fast-xml-parser has under the element's name.
   * @param decode replaces the references in text and in attributes' values
   * @throws MillError PARSER_FAILED
   */
  toJson(xml: string, record: RecordRange, decode: (text: string) => string): string
}

/**
 * Names that fast-xml-parser throws at or renames, because they are properties of every object. They pass it with a
 * mark before them that no XML document can contain, and lose it in the JSON text: there they are plain data.
 */
const RESERVED = new Set([
  '__proto__',
  'constructor',
  'prototype',
  'hasOwnProperty',
  'toString',
  'valueOf',
  '__defineGetter__',
  '__defineSetter__',
  '__lookupGetter__',
  '__lookupSetter__',
])
const MARK = '\uFFFF'

/** White space to fast-xml-parser's regular expressions, letters to XML: they cut a name in two. */
export function isUnreadableName(name: string): boolean {
  return /\s/.test(name)
}

/** @throws MillError OPTIONS_INVALID when fast-xml-parser does not take the user's options */
export function createRecordShape(options: ShapeOptions): RecordShape {
  const given: X2jOptions = { ...options.parserOptions }
  const trims = given.trimValues !== false
  const decodes = given.processEntities !== false
  const arrays = new Set(options.array)
  let decode = (text: string) => text

  const parser = createParser({
    ignoreAttributes: false,
    parseTagValue: false,
    parseAttributeValue: false,
    // Elements of the record itself are the gate's business (--max-depth).
    maxNestedTags: Number.POSITIVE_INFINITY,
    // Paths as text take the square of the depth.
    jPath: false,
    isArray: (name, _path, _isLeaf, isAttribute) => !isAttribute && arrays.has(withoutMark(name)),
    ...given,
    transformTagName: (name) => marked(given.transformTagName ? given.transformTagName(name) : name),
    transformAttributeName: (name) => marked(given.transformAttributeName ? given.transformAttributeName(name) : name),
    // Its own trimming takes NBSP and all other Unicode spaces off, its own decoding leaves out what it deems unsafe.
    trimValues: false,
    processEntities: typeof given.processEntities === 'object' ? given.processEntities : true,
    entityDecoder: {
      decode: (text: string) => {
        const trimmed = trims ? trimXmlSpace(text) : text
        return decodes ? decode(trimmed) : trimmed
      },
      reset: () => {},
      setXmlVersion: () => {},
      addInputEntities: () => {},
      setExternalEntities: () => {},
    },
  })
  const isOrdered = given.preserveOrder === true

  return {
    toJson(xml, record, decodeReferences) {
      decode = decodeReferences
      try {
        const parsed: unknown = parser.parse(xml)
        const json = JSON.stringify(isOrdered ? firstOf(parsed) : contentOf(parsed)) ?? '""'
        return json.includes(MARK) ? json.replaceAll(MARK, '') : json
      } catch (error) {
        if (error instanceof MillError) throw error
        const reason = error instanceof Error ? error.message : String(error)
        throw new MillError('PARSER_FAILED', `fast-xml-parser could not read a record <${record.name}>: ${reason}`, {
          cause: error,
        })
      }
    },
  }
}

function createParser(options: X2jOptions): XMLParser {
  try {
    return new XMLParser(options)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new MillError('OPTIONS_INVALID', `--parser-options: fast-xml-parser says: ${reason}`, { cause: error })
  }
}

function marked(name: string): string {
  return RESERVED.has(name) ? MARK + name : name
}

function withoutMark(name: string): string {
  return name.startsWith(MARK) ? name.slice(1) : name
}

function firstOf(parsed: unknown): unknown {
  return Array.isArray(parsed) ? parsed[0] : parsed
}

/** The one element's value. An `isArray` that takes the record's own name has wrapped it: a record is one by itself. */
function contentOf(parsed: unknown): unknown {
  if (typeof parsed !== 'object' || parsed === null) return ''
  const [content] = Object.values(parsed)
  return firstOf(content)
}

/** Takes off the four characters that are white space to XML (section 2.3), and no others. */
function trimXmlSpace(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isXmlSpace(text.charCodeAt(start))) start++
  while (end > start && isXmlSpace(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isXmlSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x09 || code === 0x0d
}
