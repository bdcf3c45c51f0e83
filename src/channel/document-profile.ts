/**
 * What `peek` learns about documents: counts over their elements, as plain data that crosses the channel. Bounded whatever the
 * documents hold: `ProfileLimits` says by what.
 */
import type { Failure } from '../errors.ts'

/** How far a profile goes into detail. What is beyond is counted as `hidden`. */
export interface ProfileLimits {
  /** Elements of the tree, by path. */
  readonly maxElements: number
  /** Different names of children, or of attributes, that one element of the tree has. */
  readonly maxNames: number
}

export const PROFILE_LIMITS: ProfileLimits = { maxElements: 5000, maxNames: 250 }

/**
 * What a text looks like. `padded`, `long` and `inexact` are numbers to look at, which a JSON number or a numeric column would change:
 * `007`, `12345678901234567890`, `1.10`.
 */
export type ValueKind =
  | 'integer'
  | 'decimal'
  | 'padded'
  | 'long'
  | 'inexact'
  | 'boolean'
  | 'date'
  | 'datetime'
  | 'empty'
  | 'text'

/** The texts that stood in one place. */
export interface ValueProfile {
  count: number
  /** In UTF-16 units, white space at the ends taken off. */
  maxLength: number
  /** One that comments or CDATA sections divide counts as `text` as well. */
  kinds: Partial<Record<ValueKind, number>>
  /** A few different ones, cut at SAMPLE_CHARS. */
  samples: string[]
}

export interface AttributeProfile {
  readonly name: string
  readonly values: ValueProfile
}

/** All elements of one path. */
export interface ElementProfile {
  /** As written, prefix included; empty for the document itself, whose child is the root. */
  readonly name: string
  /** Namespace name; empty for none. */
  readonly namespace: string
  /** Start tags. */
  count: number
  /** Those that were read to their end. The counts below are about these. */
  whole: number
  /** From `<` to `>`, in UTF-16 units, as far as they were read. */
  size: number
  /** Parents that have at least one. */
  parents: number
  /** Of those, the parents read to their end. */
  wholeParents: number
  /** Parents that have more than one. */
  parentsOfMany: number
  maxPerParent: number
  /** Fewest in a parent that was read to its end and has any; 0 when there is none such. */
  minPerParent: number
  /** Elements with neither attributes nor children: in JSON a string. */
  plain: number
  /** Elements without children whose attributes only bind prefixes: in JSON a string where these are left out. */
  binding: number
  /** Elements that have attributes or children, and text. */
  withText: number
  /** Elements with text between or beside their children, whose place JSON does not keep. */
  mixed: number
  /** Elements in which children of one name stand apart, with others between: JSON puts them together. */
  interleaved: number
  /** Texts of the elements without children. */
  readonly values: ValueProfile
  readonly attributes: Map<string, AttributeProfile>
  readonly children: Map<string, ElementProfile>
}

/** What was found in the part of a document that was read. */
export interface DocumentProfile {
  /** Of the document itself: its `children` are the roots. */
  readonly tree: ElementProfile
  /** Prefix and namespace name as declared; the default namespace has the empty prefix. */
  readonly namespaces: readonly (readonly [string, string])[]
  /** What stands in the document type declaration before the internal subset. */
  readonly doctype: string | undefined
  readonly comments: number
  readonly instructions: number
  /** References to entities other than XML's own five. */
  readonly entityReferences: number
  /** Elements and attributes that the limits left out. */
  readonly hidden: number
  /** Deepest nesting. */
  readonly depth: number
}

export const SAMPLE_CHARS = 40
export const MAX_SAMPLES = 3

export function emptyValues(): ValueProfile {
  return { count: 0, maxLength: 0, kinds: {}, samples: [] }
}

export function emptyElement(name: string, namespace: string): ElementProfile {
  return {
    name,
    namespace,
    count: 0,
    whole: 0,
    size: 0,
    parents: 0,
    wholeParents: 0,
    parentsOfMany: 0,
    maxPerParent: 0,
    minPerParent: 0,
    plain: 0,
    binding: 0,
    withText: 0,
    mixed: 0,
    interleaved: 0,
    values: emptyValues(),
    attributes: new Map(),
    children: new Map(),
  }
}

/** A document as far as it was read. */
export interface PeekedDocument {
  readonly url: string
  readonly finalUrl: string
  /** IANA name, lower case. */
  readonly encoding: string
  /** Bytes of XML that were read, decompressed. */
  readonly decodedBytes: number
  /** Length on the wire, where it was announced. */
  readonly wireLength: number | undefined
  /** Whether the document ended within the part that was read. */
  readonly isWhole: boolean
  /** What a run would refuse the document for, met in the part that was read. */
  readonly fault: Failure | undefined
  readonly profile: DocumentProfile
}
