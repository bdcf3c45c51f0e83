// What the host calls. Addresses are into linear memory, and valid until the next call that may grow it.
export { STATUS_BAD, STATUS_DECLARATION, STATUS_DOCTYPE, STATUS_DONE, STATUS_ENTITY, STATUS_FULL, STATUS_NEED } from './failure'
export { feed, keepAux, room, run } from './document'
export { addStep } from './paths'
export { allTold, nextUntold, tell } from './fidelity'
export { addEdge } from './selection'
export { setKeys, setLimits, setShape } from './options'
import { declareAttribute as declare, defaultValueAt } from './attributes'
import { initialiseClasses } from './characters'
import { invalidCode, resetDocument } from './document'
import { ELEMENT, depth, openElement } from './elements'
import { askedInAttribute, defineEntity as define, frames, openEntity, stage, unknownEntities } from './entities'
import { TABLES_FULL, at, reason, subject } from './failure'
import { droppedComments, mixedElements, regroupedElements, shortenedInstructions } from './fidelity'
import { setEnvelope } from './lines'
import { AUX, INPUT, OUTPUT, auxUsed, consumed, cur, documentCur, documentEnd, layOut, out } from './memory'
import {
  ARRAY,
  FLAGS,
  count,
  growNames,
  initialiseNames,
  intern,
  internBytes,
  nameAt,
  nameBytes,
  nameLength,
  reserveNames,
} from './names'
import { lostMembers } from './collisions'
import { namespaceErrors, setReservedNamespaces, unboundPrefixes } from './namespaces'
import { maxBytes } from './options'
import { column, line, locate, locateElement } from './positions'
import { tokenStart, within } from './prolog'
import { records } from './records'

/** Makes an instance ready: after setLimits, before anything else. `secret` keys the hash of names. */
export function initialise(secretLow: u32, secretHigh: u32): void {
  layOut()
  initialiseClasses()
  initialiseNames((<u64>secretHigh << 32) | secretLow, maxBytes)
  auxUsed = 16
  // The names and namespaces that are reserved, as little-endian bytes in AUX.
  const p = stage(64)
  store<u64>(p, 0x736e6c6d78) // xmlns
  reserveNames(p, p)
}

/** Stages n bytes: the address to put them at, or 0 when there is no memory. */
export function stageBytes(n: u32): usize {
  return stage(n)
}

/** Keeps n staged bytes: their offset in AUX. */
export function keepBytes(n: u32): u32 {
  const offset = auxUsed + 8
  auxUsed += n + 72
  return offset
}

/** The number of the name that is staged, n bytes long; 0 when it is none or there are too many. */
export function nameStaged(n: u32): u32 {
  let id = intern(AUX + auxUsed + 8, n)
  while (!id && reason == TABLES_FULL && growNames()) id = intern(AUX + auxUsed + 8, n)
  return id
}

/** The number of the namespace whose URI is staged. */
export function namespaceStaged(n: u32): u32 {
  let id = internBytes(AUX + auxUsed + 8, n)
  while (!id && growNames()) id = internBytes(AUX + auxUsed + 8, n)
  return id
}

export function reserveNamespaces(xml: u32, xmlns: u32): void {
  setReservedNamespaces(xml, xmlns)
}

/** Elements of this name become arrays. */
export function markArray(name: u32): void {
  store<u32>(nameAt(name), load<u32>(nameAt(name), FLAGS) | ARRAY, FLAGS)
}

/** Starts a document; the n bytes staged are what its lines begin with. */
export function open(n: u32): void {
  setEnvelope(keepBytes(n), n)
}

/** Forgets the last document. */
export function reset(): void {
  resetDocument()
}

export function defineEntity(name: u32, inAttribute: bool, kind: u32, n: u32): void {
  define(name, inAttribute, kind, n)
}

/** Where to put the n bytes of a declared attribute's default value. */
export function stageDefault(n: u32): usize {
  const p = stage(n + 16)
  return p ? defaultValueAt(p) : 0
}

export function declareAttribute(element: u32, attribute: u32, tokenised: bool, defaulted: bool, n: u32): void {
  declare(element, attribute, tokenised, defaulted, n)
}

/** Lines not yet drained. */
export function outputStart(): usize {
  return OUTPUT
}

export function outputLength(): usize {
  return out - OUTPUT
}

export function drain(): void {
  out = OUTPUT
}

export function recordCount(): u32 {
  return records
}

export function nameCount(): u32 {
  return count
}

export function unknownEntityCount(): u32 {
  return unknownEntities
}

export function unboundPrefixCount(): u32 {
  return unboundPrefixes
}

export function lostMemberCount(): u32 {
  return lostMembers
}

export function mixedElementCount(): u32 {
  return mixedElements
}

export function regroupedElementCount(): u32 {
  return regroupedElements
}

export function droppedCommentCount(): u32 {
  return droppedComments
}

export function shortenedInstructionCount(): u32 {
  return shortenedInstructions
}

export function namespaceErrorCount(): u32 {
  return namespaceErrors
}

/** The token of STATUS_DECLARATION or STATUS_DOCTYPE: from here to `position`. */
export function tokenAddress(): usize {
  return tokenStart
}

export function position(): usize {
  return cur
}

export function isAskedInAttribute(): bool {
  return askedInAttribute
}

// What went wrong, after STATUS_BAD.

export function failureReason(): i32 {
  return reason
}

export function failureSubject(): u32 {
  return subject
}

/** The character that failure CHARACTER is about. */
export function invalidCharacterCode(): u32 {
  return invalidCode
}

/** In the document, also when the mistake is in an entity's text: where that is used. */
export function failureAddress(): usize {
  return frames ? documentCur : at
}

export function inputStart(): usize {
  return INPUT
}

export function inputEnd(): usize {
  return documentEnd
}

/** Bytes of the document before inputStart. */
export function bytesBefore(): f64 {
  return <f64>consumed
}

export function withinToken(): u32 {
  return within
}

export function openElements(): u32 {
  return depth
}

export function elementName(i: u32): u32 {
  return load<u32>(openElement(i), ELEMENT)
}

export function openEntities(): u32 {
  return frames
}

export function entityName(i: u32): u32 {
  return openEntity(i)
}

export function nameAddress(name: u32): usize {
  return nameBytes(name)
}

export function nameSize(name: u32): u32 {
  return nameLength(name)
}

export function locateAddress(p: usize): void {
  locate(p)
}

export function locateOpenElement(i: u32): void {
  locateElement(i)
}

export function foundLine(): u32 {
  return line
}

export function foundColumn(): u32 {
  return column
}
