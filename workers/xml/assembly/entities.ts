// General entities. The host knows the internal subset and says what an entity is when it is first used, for content and
// for attribute values apart. In AUX: KIND, LENGTH, then the bytes, then zeros.
//
//   PLAIN     its text without any markup, all references decoded: it is text, wherever it is used
//   MARKUP    its replacement text holds markup: it is read in place of the reference, as XML
//   UNKNOWN   declared where a non-validating processor does not look: `&name;` is kept as it stands, and counted
//
// While the text of a MARKUP entity is read, cur and end point into it; what they were is kept in FRAMES.
import { SEMICOLON, byte } from './bytes'
import {
  ENTITY_ASKED,
  ENTITY_DEPTH,
  ENTITY_EXPANSION,
  ENTITY_RECURSIVE,
  ENTITY_UNBALANCED,
  REFERENCE_SYNTAX,
  TOKEN_SIZE,
  fail,
  failWith,
  unexpected,
} from './failure'
import { nameEnd, startsName } from './characters'
import { depth } from './elements'
import { AUX, INPUT, SLACK, auxStaged, auxUsed, consumed, cur, documentCur, end, reserveAux } from './memory'
import { maxBytes } from './options'
import { ATTRIBUTE_ENTITY, CONTENT_ENTITY, intern, nameAt } from './names'
import { borrow } from './records'

export const PLAIN: u32 = 1
export const MARKUP: u32 = 2
export const UNKNOWN: u32 = 3

export const ENTITY_LENGTH: usize = 4
export const ENTITY_BYTES: usize = 8

/** Entities inside entities; also what keeps a loop from being read for ever. */
const MAX_FRAMES: u32 = 40
/** Expansion is free up to here (expat's figures, XML_SetBillionLaughsAttackProtection*). */
const FREE_EXPANSION: u64 = 8 << 20
const MAX_AMPLIFICATION: u64 = 100

/** 32 bytes each: where the outer text goes on and ends (from INPUT for the first, else from AUX), outer floor, name, entity. */
const FRAMES = memory.data(40 * 32, 16)

/** How many entities are open. */
export let frames: u32 = 0
/** Elements that were open where the current entity began: it must not close them. */
export let floor: u32 = 0
/** Whether the instance holds entities or attributes of a document. */
export let declares: bool = false

/** The entity that the last reference named when it is MARKUP, else 0. */
export let entered: u32 = 0
let enteredName: u32 = 0
/** Whether the host is asked about an attribute value. */
export let askedInAttribute: bool = false

/** Bytes that entities have brought in so far, and in the token being scanned. */
let expanded: u64 = 0
export let tokenExpansion: u32 = 0
export let tokenUnknown: u32 = 0
export let unknownEntities: u32 = 0

export function resetEntities(): void {
  frames = floor = 0
  expanded = 0
  tokenExpansion = tokenUnknown = unknownEntities = 0
  declares = false
}

/** Room in AUX for n bytes of the host's, with zeros after them; 0 when there is no memory. */
export function stage(n: u32): usize {
  auxUsed = (auxUsed + 7) & ~7
  if (!reserveAux(n + 24 + <u32>SLACK)) return 0
  auxStaged = n + 24 + <u32>SLACK
  const p = AUX + auxUsed + ENTITY_BYTES
  memory.fill(p + n, 0, SLACK)
  return p
}

/** Keeps n staged bytes as what the name's entity stands for. */
export function defineEntity(name: u32, inAttribute: bool, kind: u32, n: u32): void {
  const entity = auxUsed
  store<u32>(AUX + entity, kind)
  store<u32>(AUX + entity, n, ENTITY_LENGTH)
  store<u32>(nameAt(name) + (inAttribute ? ATTRIBUTE_ENTITY : CONTENT_ENTITY), entity)
  auxUsed += <u32>ENTITY_BYTES + n + <u32>SLACK
  declares = true
}

/** A reference to a general entity, p at its `&`: the address after it. */
export function entityReference(p: usize, inAttribute: bool): usize {
  if (!startsName(p + 1)) return unexpected(REFERENCE_SYNTAX, p + 1)
  const e = nameEnd(p + 2)
  if (byte(e) != SEMICOLON) return unexpected(REFERENCE_SYNTAX, e)
  if (<usize>(e - p) > maxBytes) return fail(TOKEN_SIZE, p)
  const name = intern(p + 1, <u32>(e - p - 1))
  if (!name) return 0
  const entity = load<u32>(nameAt(name) + (inAttribute ? ATTRIBUTE_ENTITY : CONTENT_ENTITY))
  if (!entity) {
    askedInAttribute = inAttribute
    return failWith(ENTITY_ASKED, p, name)
  }
  const kind = load<u32>(AUX + entity)
  if (kind == MARKUP) {
    entered = entity
    enteredName = name
  } else if (kind == PLAIN) {
    // One more than its bytes: even an empty entity brings in something of the document's declarations.
    tokenExpansion += load<u32>(AUX + entity, ENTITY_LENGTH) + 1
  } else tokenUnknown++
  return e + 1
}

/** Counts what the entities of a token bring in, once the token is whole. */
export function chargeToken(p: usize): bool {
  const n = tokenExpansion
  unknownEntities += tokenUnknown
  tokenExpansion = tokenUnknown = 0
  return charge(n, p)
}

function charge(n: u32, p: usize): bool {
  expanded += n
  if (expanded <= FREE_EXPANSION) return true
  const read = consumed + <u64>((frames ? documentCur : p) - INPUT) + 1
  if (expanded / MAX_AMPLIFICATION <= read) return true
  fail(ENTITY_EXPANSION, p)
  return false
}

/** Reads on in the entity that was met at p; `after` is the address behind its reference. */
export function enterEntity(p: usize, after: usize): usize {
  const entity = entered
  entered = 0
  if (frames == MAX_FRAMES) return failWith(ENTITY_DEPTH, p, enteredName)
  for (let i: u32 = 0; i < frames; i++) {
    if (load<u32>(FRAMES + (i << 5), 12) == enteredName) return failWith(ENTITY_RECURSIVE, p, enteredName)
  }
  const length = load<u32>(AUX + entity, ENTITY_LENGTH)
  if (!charge(length, p)) return 0
  borrow(length + 1)
  const from = frames ? AUX : INPUT
  const frame = FRAMES + (frames << 5)
  store<u32>(frame, <u32>(after - from))
  store<u32>(frame, <u32>(end - from), 4)
  store<u32>(frame, floor, 8)
  store<u32>(frame, enteredName, 12)
  store<u32>(frame, entity, 16)
  if (!frames) documentCur = p
  frames++
  floor = depth
  cur = AUX + entity + ENTITY_BYTES
  end = cur + length
  return cur
}

/** The text of the entity is read: back to where it was used. */
export function leaveEntity(): bool {
  if (depth != floor) {
    fail(ENTITY_UNBALANCED, end)
    return false
  }
  frames--
  const frame = FRAMES + (frames << 5)
  const from = frames ? AUX : INPUT
  cur = from + load<u32>(frame)
  end = from + load<u32>(frame, 4)
  floor = load<u32>(frame, 8)
  return true
}

/** The name of the i-th open entity. */
export function openEntity(i: u32): u32 {
  return load<u32>(FRAMES + (i << 5), 12)
}

/** Length of the text of the current entity. */
export function entityLength(): u32 {
  return load<u32>(AUX + load<u32>(FRAMES + ((frames - 1) << 5), 16), ENTITY_LENGTH)
}
