// Lines and columns, counted only when input is dropped and when something is wrong. A line ends with LF, CR LF or a
// lone CR (XML 1.0, 2.11); columns count characters.
import { CR, LF, byte, either, equal, mask } from './bytes'
import { COLUMN, LINE, PLACE_LOW, depth, openElement, placed } from './elements'
import { INPUT, consumed } from './memory'

/** Of the byte at INPUT, both from 0. */
let lineAtInput: u32 = 0
let columnAtInput: u32 = 0

/** What `locate` found, both from 1. */
export let line: u32 = 0
export let column: u32 = 0

export function resetPositions(): void {
  lineAtInput = columnAtInput = 0
}

/** Line ends in [p, e). Looks at the byte at e. */
function countLines(p: usize, e: usize): u32 {
  let n: u32 = 0
  for (; p + 16 <= e; p += 16) {
    const v = v128.load(p)
    const cr = equal(v, CR)
    // A CR with an LF behind it is counted by its LF.
    n += popcnt(mask(either(equal(v, LF), v128.andnot(cr, equal(v128.load(p, 1), LF)))))
  }
  for (; p < e; p++) {
    const c = byte(p)
    if (c == LF || (c == CR && byte(p + 1) != LF)) n++
  }
  return n
}

/** Finds line and column of p. */
export function locate(p: usize): void {
  advance(INPUT, p, lineAtInput, columnAtInput)
  line++
  column++
}

/** From a known place to p; both results from 0. */
function advance(from: usize, p: usize, fromLine: u32, fromColumn: u32): void {
  const lines = countLines(from, p)
  line = fromLine + lines
  let start = from
  if (lines) {
    for (start = p; start > from; start--) {
      const c = byte(start - 1)
      if (c == LF || (c == CR && byte(start) != LF)) break
    }
  }
  column = characters(start, p) + (lines ? 0 : fromColumn)
}

function characters(p: usize, e: usize): u32 {
  let n: u32 = 0
  const continuation = i8x16.splat(-64)
  // Continuation bytes are -128 to -65 as signed bytes.
  for (; p + 16 <= e; p += 16) n += popcnt(mask(i8x16.ge_s(v128.load(p), continuation)))
  for (; p < e; p++) if ((byte(p) & 0xc0) != 0x80) n++
  return n
}

/** Keeps what is needed of the input before `from`, which is about to be dropped. */
export function passInput(from: usize): void {
  let p = INPUT
  let l = lineAtInput
  let c = columnAtInput
  while (placed < depth) {
    const entry = openElement(placed)
    const tag = INPUT + <usize>(load<u32>(entry, PLACE_LOW) - <u32>consumed)
    if (tag >= from) break
    if (tag > p) {
      advance(p, tag, l, c)
      p = tag
      l = line
      c = column
    }
    store<u32>(entry, l + 1, LINE)
    store<u32>(entry, c + 1, COLUMN)
    placed++
  }
  advance(p, from, l, c)
  lineAtInput = line
  columnAtInput = column
}

/** Finds line and column of the start tag of the i-th open element. */
export function locateElement(i: u32): void {
  const entry = openElement(i)
  if (i < placed) {
    line = load<u32>(entry, LINE)
    column = load<u32>(entry, COLUMN)
  } else locate(INPUT + <usize>(load<u32>(entry, PLACE_LOW) - <u32>consumed))
}
