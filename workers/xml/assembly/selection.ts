// Parts of a record: when a transform says which it needs, the rest is checked but neither kept nor written.
//
// The parts are paths from the record's element down, kept as a trie. A state says what an element is to the trie:
// NONE, nothing below is wanted; ALL, everything is; else the number of its trie node, ROOT for the record itself.
// An edge has 16 bytes: FROM a trie node, KIND, NAME of the child or attribute, TO a state.
import { NODES } from './memory'
import { shownName } from './names'
import { LINK, SLOT_SIZE } from './tree'

export const NONE: u32 = 0
export const ALL: u32 = 1
export const ROOT: u32 = 2

export const EDGE_CHILD: u32 = 0
export const EDGE_ATTRIBUTE: u32 = 1
export const EDGE_TEXT: u32 = 2

const MOST_EDGES: u32 = 256
const FROM: usize = 0
const KIND: usize = 4
const NAME: usize = 8
const TO: usize = 12
const EDGES = memory.data(256 * 16, 16)

let edges: u32 = 0
/** Whether only parts of records are wanted. */
export let selecting: bool = false

/** One more edge; false when there are too many. */
export function addEdge(from: u32, kind: u32, name: u32, to: u32): bool {
  selecting = true
  if (edges == MOST_EDGES) return false
  const edge = EDGES + (<usize>edges << 4)
  store<u32>(edge, from, FROM)
  store<u32>(edge, kind, KIND)
  store<u32>(edge, name, NAME)
  store<u32>(edge, to, TO)
  edges++
  return true
}

function follow(from: u32, kind: u32, name: u32): u32 {
  for (let i: u32 = 0; i < edges; i++) {
    const edge = EDGES + (<usize>i << 4)
    if (load<u32>(edge, NAME) == name && load<u32>(edge, FROM) == from && load<u32>(edge, KIND) == kind) {
      return load<u32>(edge, TO)
    }
  }
  return NONE
}

/** The state of a child of an element in state `parent`. */
export function childState(parent: u32, name: u32): u32 {
  return parent <= ALL ? parent : follow(parent, EDGE_CHILD, shownName(name))
}

/** Whether the text of an element in this state is wanted. */
export function wantsText(state: u32): bool {
  return state <= ALL ? state == ALL : follow(state, EDGE_TEXT, 0) == ALL
}

/** Moves the wanted ones of the attributes from offset f to e together; where they end. */
export function wantedAttributes(state: u32, f: u32, e: u32): u32 {
  if (state <= ALL) return state == ALL ? e : f
  let kept = f
  for (let a = f; a < e; a += SLOT_SIZE) {
    if (!follow(state, EDGE_ATTRIBUTE, shownName(load<u32>(NODES + a, LINK)))) continue
    memory.copy(NODES + kept, NODES + a, SLOT_SIZE)
    kept += SLOT_SIZE
  }
  return kept
}
