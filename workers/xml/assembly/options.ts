// What the host has chosen, for all documents of an instance.

export const SHAPE_JSON: u32 = 0
export const SHAPE_ORDERED: u32 = 1
export const SHAPE_XML: u32 = 2

export let shape: u32 = SHAPE_JSON
/** Most bytes of a record's XML, of a token outside records, and of all names together. */
export let maxBytes: usize = 64 << 20
export let maxDepth: u32 = 256
export let strictNamespaces: bool = false
/** Lines carry url, n and name. */
export let envelope: bool = true
export let keepsAttributes: bool = true
/** Names are written without their prefixes. */
export let stripsPrefixes: bool = false
/** Exact numbers and booleans are written as such. */
export let writesValues: bool = false
/** A record inside a record gives a line of its own, too. */
export let nestedRecords: bool = false
/** Two things may come to stand under one key (collisions.ts). */
export let collides: bool = false
/** Attributes of the elements around a record go into the envelope. */
export let keepsContext: bool = false
/** The record's own XML stands before its line (own-xml.ts). */
export let writesXml: bool = false
/** No byte of a record gives more bytes of output than this (computed by the host from the length of the keys). */
export let factor: u64 = 3
/** Offsets in AUX and lengths: the start of an attribute's key, `"@_`, and the text's key, `"#text":`. */
export let attributeKey: u32 = 0
export let attributeKeyLength: u32 = 0
export let textKey: u32 = 0
export let textKeyLength: u32 = 0

export function setLimits(bytes: usize, depth: u32, outputFactor: usize): void {
  maxBytes = bytes
  maxDepth = depth
  factor = outputFactor
}

export const FLAG_ENVELOPE: u32 = 1
export const FLAG_NO_ATTRIBUTES: u32 = 2
export const FLAG_STRIP: u32 = 4
export const FLAG_VALUES: u32 = 8
export const FLAG_NESTED: u32 = 16
export const FLAG_CONTEXT: u32 = 32
export const FLAG_STRICT_NAMESPACES: u32 = 64
export const FLAG_COLLIDES: u32 = 128
export const FLAG_WITH_XML: u32 = 256

export function setShape(kind: u32, flags: u32): void {
  shape = kind
  envelope = (flags & FLAG_ENVELOPE) != 0
  keepsAttributes = !(flags & FLAG_NO_ATTRIBUTES)
  stripsPrefixes = (flags & FLAG_STRIP) != 0
  writesValues = (flags & FLAG_VALUES) != 0
  nestedRecords = (flags & FLAG_NESTED) != 0
  keepsContext = (flags & FLAG_CONTEXT) != 0
  collides = (flags & FLAG_COLLIDES) != 0
  writesXml = (flags & FLAG_WITH_XML) != 0
  strictNamespaces = (flags & FLAG_STRICT_NAMESPACES) != 0
}

export function setKeys(attribute: u32, attributeLength: u32, text: u32, textLength: u32): void {
  attributeKey = attribute
  attributeKeyLength = attributeLength
  textKey = text
  textKeyLength = textLength
}
