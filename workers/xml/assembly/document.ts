// One document: input comes in, tokens are read one after another, lines go out.
import { BRACKET_OPEN, EXCLAMATION, LESS, QUESTION, SLASH, byte } from './bytes'
import { codePoint, invalidCharacter, startsName } from './characters'
import { resetCollisions } from './collisions'
import { depth, growStack, placed, stackIsFull } from './elements'
import { declares, frames, leaveEntity, resetEntities, tokenExpansion, tokenUnknown } from './entities'
import {
  CHARACTER,
  ENTITY_ASKED,
  ENTITY_UNBALANCED,
  MARKUP_UNKNOWN,
  RECORD_SIZE,
  STARVED,
  STATUS_BAD,
  STATUS_DECLARATION,
  STATUS_DOCTYPE,
  STATUS_DONE,
  STATUS_ENTITY,
  STATUS_FULL,
  STATUS_NEED,
  TABLES_FULL,
  TOKEN_SIZE,
  fail,
  reason,
  unexpected,
} from './failure'
import { instruction } from './instructions'
import { writeLine } from './lines'
import {
  INPUT,
  NODES,
  OUTPUT,
  SLACK,
  appendInput,
  auxUsed,
  base,
  consumed,
  cur,
  documentCur,
  documentEnd,
  drop,
  droppable,
  end,
  growInput,
  out,
} from './memory'
import { resetFidelity } from './fidelity'
import { forgetDocument, growNames } from './names'
import { bindingsAreFull, growBindings, hasBindings, resetNamespaces } from './namespaces'
import { resetNesting, rootSeen } from './nesting'
import { SHAPE_XML, maxBytes, shape } from './options'
import { passInput, resetPositions } from './positions'
import {
  DECLARATION_TOKEN,
  PLAIN_TOKEN,
  declaration,
  goOn,
  resetProlog,
  tokenKind,
  tokenSeen,
  tokenStart,
  within,
} from './prolog'
import { finished, recording, resetRecords } from './records'
import { endTag, startTag } from './tags'
import { final, setFinal, text } from './text'
import { closeRun, runOpen } from './tree'

/** About a batch. */
const BATCH: usize = 1 << 20

/** Bytes that there must be before an unfinished token is tried again: twice those there were. */
let pending: usize = 0
/** Where the input has a byte that is no XML character; input ends there until that is reported. */
let invalidAt: u64 = 0
let isInvalid: bool = false
/** The character there. */
export let invalidCode: u32 = 0
/** AUX up to here belongs to the instance. */
let auxKept: u32 = 0

/** What is in AUX now stays for all documents. */
export function keepAux(): void {
  auxKept = auxUsed
}

export function resetDocument(): void {
  if (declares || hasBindings()) forgetDocument()
  auxUsed = auxKept
  depth = placed = 0
  out = OUTPUT
  cur = end = base = documentCur = documentEnd = INPUT
  memory.fill(INPUT, 0, SLACK)
  consumed = 0
  pending = 0
  isInvalid = false
  runOpen = shape == SHAPE_XML
  setFinal(false)
  resetCollisions()
  resetEntities()
  resetFidelity()
  resetNamespaces()
  resetPositions()
  resetProlog()
  resetRecords()
  resetNesting()
}

/** Room for n more bytes of input: their address, or 0 when there is no memory. */
export function room(n: u32): usize {
  if (end + n + SLACK > NODES) {
    const from = droppable(recording)
    if (from > INPUT) {
      passInput(from)
      drop(from)
    }
    if (end + n + SLACK > NODES && !growInput(n)) return 0
  }
  return end
}

/** Reads the n bytes that were put where `room` said. */
export function feed(n: u32, last: bool): i32 {
  // A character may have begun in the input before.
  const from = max(end - min<usize>(2, end - INPUT), INPUT)
  appendInput(n)
  setFinal(last)
  const bad = invalidCharacter(from, end)
  if (bad) {
    isInvalid = true
    invalidAt = consumed + (bad - INPUT)
    invalidCode = codePoint(bad)
    end = documentEnd = bad
    memory.fill(end, 0, SLACK)
    setFinal(true)
  }
  return run()
}

/** Reads on until the host is needed: one of the STATUS_ constants. */
export function run(): i32 {
  if (!final && !frames && end - cur < pending) return STATUS_NEED
  pending = 0
  let status = AGAIN
  while (status == AGAIN) status = step()
  return status
}

const AGAIN: i32 = 100

/** The next token, or what stands in its way. */
// @ts-ignore: decorator
@inline
function step(): i32 {
  if (finished) {
    if (!writeLine()) return STATUS_BAD
    return out - OUTPUT >= BATCH ? STATUS_FULL : AGAIN
  }
  if (cur >= end) return edge()
  const next = token(cur)
  if (!next) return stopped()
  cur = next
  return tokenKind == PLAIN_TOKEN ? AGAIN : special()
}

/** The end of what there is: of an entity's text, or of the input. */
function edge(): i32 {
  if (!frames) return atEnd()
  return leaveEntity() ? AGAIN : STATUS_BAD
}

// @ts-ignore: decorator
@inline
function token(p: usize): usize {
  if (within) return goOn(p)
  if (byte(p) != LESS) return text(p)
  return markup(p)
}

// @ts-ignore: decorator
@inline
function markup(p: usize): usize {
  const c = byte(p + 1)
  if (runOpen && c != EXCLAMATION && p + 1 < end) closeRun()
  if (startsName(p + 1)) return startTag(p)
  if (c == SLASH) return endTag(p)
  if (c == EXCLAMATION) {
    if (runOpen && byte(p + 2) == BRACKET_OPEN) closeRun()
    return declaration(p)
  }
  return c == QUESTION ? instruction(p) : unexpected(MARKUP_UNKNOWN, p + 1)
}

/** A token for the host to look at is read. */
function special(): i32 {
  const kind = tokenKind
  tokenSeen()
  if (cur - tokenStart > maxBytes) {
    fail(TOKEN_SIZE, tokenStart)
    return STATUS_BAD
  }
  return kind == DECLARATION_TOKEN ? STATUS_DECLARATION : STATUS_DOCTYPE
}

/** A token could not be read: what now. */
function stopped(): i32 {
  tokenExpansion = tokenUnknown = 0
  if (reason == TABLES_FULL) return grow() ? AGAIN : STATUS_BAD
  if (reason == ENTITY_ASKED) return STATUS_ENTITY
  if (reason != STARVED) return STATUS_BAD
  if (frames) {
    fail(ENTITY_UNBALANCED, cur)
    return STATUS_BAD
  }
  if (final) return atEnd()
  // Not later than where the token or its record would be too large.
  pending = min((end - cur) << 1, maxBytes + 1)
  return starved()
}

function grow(): bool {
  if (stackIsFull()) return growStack()
  // A declaration has at least nine bytes: ` xmlns=""`.
  const declarations = <u32>(end - cur) / 9 + 1
  if (bindingsAreFull(declarations) && !growBindings(declarations)) return false
  return growNames()
}

/** All input is used, as far as it can be: is there more to wait for? */
function starved(): i32 {
  if (recording ? end - base > maxBytes : end - cur > maxBytes) {
    fail(recording ? RECORD_SIZE : TOKEN_SIZE, recording ? base : cur)
    return STATUS_BAD
  }
  return STATUS_NEED
}

function atEnd(): i32 {
  if (isInvalid) {
    fail(CHARACTER, INPUT + <usize>(invalidAt - consumed))
    return STATUS_BAD
  }
  if (!final) return starved()
  if (cur < end || within || depth || !rootSeen) {
    fail(STARVED, end)
    return STATUS_BAD
  }
  return STATUS_DONE
}
