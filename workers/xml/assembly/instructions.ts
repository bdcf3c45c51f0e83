// Processing instructions and the XML declaration (XML 1.0, 2.6 and 2.8).
import { APOSTROPHE, EQUALS, QUESTION, QUOTE, SPACE, byte, skipSpace } from './bytes'
import { nameEnd, startsName } from './characters'
import { NODE, SELECTED, depth, openElement } from './elements'
import { frames } from './entities'
import { DECLARATION_MISPLACED, INSTRUCTION_SPACE, INSTRUCTION_TARGET, fail, starve, unexpected } from './failure'
import { countShortened } from './fidelity'
import { AUX, INPUT, NODES, base, consumed, end, free, out, reserveNodes, reserveOutput } from './memory'
import { LAST, SEEN, intern, internBytes, nameAt, nextSerial } from './names'
import { lookAtTarget } from './namespaces'
import { SHAPE_XML, keepsAttributes, shape } from './options'
import { find, findInstructionEnd, instructionEnd, showDeclaration } from './prolog'
import { keeping } from './records'
import { ALL, selecting } from './selection'
import { final } from './text'
import {
  IN_AUX,
  KIND,
  LINK,
  LOOSE,
  NODE_SIZE,
  PLACE,
  REFERENCES,
  SIZE,
  SLOT_SIZE,
  VERBATIM,
  addText,
  append,
  startNode,
} from './tree'
import { writeString } from './values'

/** p at `<?`. */
export function instruction(p: usize): usize {
  const s = p + 2
  if (!startsName(s)) return unexpected(INSTRUCTION_TARGET, s)
  const e = nameEnd(s)
  if (e >= end) return starve()
  if (e - s == 3 && (load<u32>(s) & 0xdfdfdf) == 0x4c4d58) return xmlDeclaration(p)
  const target = intern(s, <u32>(e - s))
  if (!target) return 0
  if (byte(e) > SPACE && load<u16>(e) != 0x3e3f) {
    return byte(e) == QUESTION && e + 1 >= end ? starve() : fail(INSTRUCTION_SPACE, e)
  }
  const q = instructionEnd(e)
  // Where nothing more will come, its target is what is wrong first, in whatever pieces it came.
  if (!q && final) lookAtTarget(p, target)
  if (!q || (keeping && wantsAll() && !keepInstruction(s, e, q - 2))) return 0
  return lookAtTarget(p, target) ? q : 0
}

/** Instructions have no path to be selected by: they are part of what is wanted whole. */
function wantsAll(): bool {
  return !selecting || load<u32>(openElement(depth - 1), SELECTED) == ALL
}

/** `<?xml` stands at p, in small letters or not. */
function xmlDeclaration(p: usize): usize {
  const isFirst = p == INPUT && !consumed && !frames
  if (!isFirst || (load<u32>(p, 1) & 0xffffff00) != 0x6c6d7800) return fail(DECLARATION_MISPLACED, p)
  const q = findInstructionEnd(p)
  if (!q) return starve()
  showDeclaration(p)
  return q
}

/**
 * Keeps an instruction of a record as fast-xml-parser has it: an element `?target`, with attributes where its content
 * looks like them. s and e are the target's ends, close is where `?>` stands.
 */
function keepInstruction(s: usize, e: usize, close: usize): bool {
  const target = internBytes(s - 1, <u32>(e - s + 1))
  if (!target) return false
  if (shape == SHAPE_XML) return keepSource(target, e, close)
  const from = frames ? AUX : base
  let f = free + NODE_SIZE
  if (!reserveNodes(f)) return false
  const mark = nextSerial()
  let isWhole = keepsAttributes || skipSpace(e) >= close
  for (let p = e; keepsAttributes && p < close; ) {
    // A name up to white space or `=`, perhaps `=` and a quoted value: all else is passed over.
    while (p < close && (byte(p) <= SPACE || byte(p) == EQUALS)) p++
    const n = p
    while (p < close && byte(p) > SPACE && byte(p) != EQUALS) p++
    const length = <u32>(p - n)
    const q = skipSpace(p)
    if (!length || q >= close || byte(q) != EQUALS) {
      if (length) isWhole = false
      continue
    }
    const open = skipSpace(q + 1)
    const quote = byte(open)
    const shut = quote == QUOTE || quote == APOSTROPHE ? find(open + 1, close, quote) : 0
    if (!shut) {
      isWhole = false
      continue
    }
    const name = pseudoName(n, length)
    if (!name || !reserveNodes(f + SLOT_SIZE)) return false
    const t = NODES + f
    store<u32>(t, <u32>(open + 1 - from), PLACE)
    store<u32>(t, <u32>(shut - open - 1), SIZE)
    store<u32>(t, REFERENCES | LOOSE | (frames ? IN_AUX : 0), KIND)
    store<u32>(t, name, LINK)
    const entry = nameAt(name)
    if (load<u32>(entry, SEEN) == mark) {
      // Of two of one name the later one's value stands, in the earlier one's place.
      memory.copy(NODES + load<u32>(entry, LAST), t, SLOT_SIZE)
      isWhole = false
    } else {
      store<u32>(entry, mark, SEEN)
      store<u32>(entry, f, LAST)
      f += SLOT_SIZE
    }
    p = shut + 1
  }
  startNode(target, f)
  append(load<u32>(openElement(depth - 1), NODE), free)
  free = f
  if (!isWhole) countShortened()
  return true
}

/** The name of a pseudo-attribute may hold anything but white space and `=`: it is interned as JSON has it. */
function pseudoName(s: usize, n: u32): u32 {
  if (!reserveOutput(2 * <usize>n + 64)) return 0
  const start = out
  writeString(s, n, VERBATIM)
  const length = <u32>(out - start)
  out = start
  return internBytes(start, length)
}

/** For the xml shape: the content of an instruction as it stands. */
function keepSource(target: u32, e: usize, close: usize): bool {
  if (!reserveNodes(free + NODE_SIZE)) return false
  const node = free
  startNode(target, node + NODE_SIZE)
  free += NODE_SIZE
  append(load<u32>(openElement(depth - 1), NODE), node)
  return addText(node, <u32>(e - (frames ? AUX : base)), <u32>(close - e), frames ? IN_AUX : 0)
}
