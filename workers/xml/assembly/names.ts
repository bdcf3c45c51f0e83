// Names are interned: each has a number from 1 on, and everything that is known about it in 64 bytes of NAMES.
//
//   OFFSET     in ARENA, of the first character; the arena has `"name":` around it, ready to be written as a JSON key
//   LENGTH     in bytes; the RAW bit keeps what was interned as mere bytes (a namespace's URI) apart from names
//   SEEN       the last `serial` that met this name: duplicate attributes and grouping of children
//   LAST       the last child of this name, while children are grouped
//   FLAGS      see below
//   PREFIX     the prefix's number, 0 for none
//   LOCAL      the local part's number, the name's own when there is no prefix
//   BOUND      as a prefix: the number of the namespace it is bound to, 0 for none
//   MATCHES    steps of record paths that this name satisfies, a bit each
//   LOCAL_MATCHES  the same for steps with a namespace, by local name
//   CONTENT_ENTITY, ATTRIBUTE_ENTITY  offset in AUX of the entity of this name, 0 when the host was not asked yet
//   ATTRIBUTES offset in AUX of the element's declared attributes, 0 for none
//   HASHED     upper half of the hash, for growing HASH
//
// Names stay from one document to the next, since a list of documents tends to share them; the host drops an instance
// with many. Hashing is keyed by a secret: names that all collide cannot be prepared beforehand.
import { COLON, same } from './bytes'
import { NAMES_SIZE, NAME_CHARACTER, TABLES_FULL, fail } from './failure'
import { stripsPrefixes } from './options'
import { invalidName, startsLocal } from './characters'
import { ARENA, AUX, HASH, NAMES, SLACK, STACK, arenaUsed, cur, shift } from './memory'

export const OFFSET: usize = 0
export const LENGTH: usize = 4
export const SEEN: usize = 8
export const LAST: usize = 12
export const FLAGS: usize = 16
export const PREFIX: usize = 20
export const LOCAL: usize = 24
export const BOUND: usize = 28
export const MATCHES: usize = 32
export const LOCAL_MATCHES: usize = 40
export const CONTENT_ENTITY: usize = 48
export const ATTRIBUTE_ENTITY: usize = 52
export const ATTRIBUTES: usize = 56
const HASHED: usize = 60

/** Has a prefix other than xml. */
export const PREFIXED: u32 = 1
/** Is xmlns, or has the prefix xmlns. */
export const DECLARES: u32 = 2
/** Has colons where Namespaces 1.0 allows none. */
export const MALFORMED: u32 = 4
/** Has attributes declared in the internal subset. */
export const DECLARED: u32 = 8
/** Becomes an array even when single. */
export const ARRAY: u32 = 16
/** Has been written as a member of its own, and as an array (fidelity.ts). */
export const SINGLE: u32 = 32
export const REPEATED: u32 = 64
/** So many bits further the same are set once the host knows of them. */
export const TOLD: u32 = 2

const RAW: u32 = 0x80000000

export let count: u32 = 0
/** Numbers of `xml` and `xmlns`. */
export let xmlName: u32 = 0
export let xmlnsName: u32 = 0

let slots: u32 = 2048
let seed: u64 = 0
let multiplier: u64 = 0
let serial: u32 = 0
let limit: usize = 0
/** Names may take this much, however small records must be. */
const LEAST_LIMIT: usize = 16 << 20

// @ts-ignore: decorator
@inline
export function nameAt(id: u32): usize {
  assert(id <= count)
  return NAMES + (<usize>id << 6)
}

// @ts-ignore: decorator
@inline
export function nameBytes(id: u32): usize {
  return ARENA + load<u32>(nameAt(id), OFFSET)
}

// @ts-ignore: decorator
@inline
export function nameLength(id: u32): u32 {
  return load<u32>(nameAt(id), LENGTH) & ~RAW
}

/** Whether these are mere bytes: the target of a processing instruction, a namespace. */
export function isBytes(id: u32): bool {
  return (load<u32>(nameAt(id), LENGTH) & RAW) != 0
}

/** The number of the name as it is written: perhaps without its prefix. */
// @ts-ignore: decorator
@inline
export function shownName(id: u32): u32 {
  return stripsPrefixes ? load<u32>(nameAt(id), LOCAL) : id
}

/** A number that no name has as SEEN. */
// @ts-ignore: decorator
@inline
export function nextSerial(): u32 {
  if (++serial == 0) restartSerial()
  return serial
}

function restartSerial(): void {
  for (let i: u32 = 0; i <= count; i++) store<u32>(nameAt(i), 0, SEEN)
  serial = 1
}

/** Starts with no names. `secret` keys the hash; names may take up to `maxBytes`. */
export function initialiseNames(secret: u64, maxBytes: usize): void {
  seed = secret
  multiplier = (secret * 0x9e3779b97f4a7c15) | 1
  limit = max(maxBytes, LEAST_LIMIT)
  memory.fill(HASH, 0, slots << 2)
  memory.fill(NAMES, 0, 64)
  arenaUsed = 16
}

// @ts-ignore: decorator
@inline
function hashOf(s: usize, n: u32): u64 {
  let h = load<u64>(s)
  if (n < 8) h &= (<u64>1 << (n << 3)) - 1
  if (n > 8) h = hashLong(h, s, n)
  return (h ^ seed ^ n) * multiplier
}

function hashLong(h: u64, s: usize, n: u32): u64 {
  const last = s + n - 8
  for (s += 8; s < last; s += 8) {
    h = (h ^ seed) * multiplier
    h = (h ^ (h >> 32)) + load<u64>(s)
  }
  h = (h ^ seed) * multiplier
  return (h ^ (h >> 32)) + load<u64>(last)
}

/** The number of the name of n bytes at s; 0 when it is no name, or when the tables must grow first. */
// @ts-ignore: decorator
@inline
export function intern(s: usize, n: u32): u32 {
  const h = hashOf(s, n)
  const id = find(s, n, n, h)
  return id ? id : add(s, n, h)
}

/** As `intern`, for any bytes: they are kept apart from the names. */
export function internBytes(s: usize, n: u32): u32 {
  const h = hashOf(s, n)
  const id = find(s, n, n | RAW, h)
  if (id) return id
  return hasRoom(n) ? insert(s, n, n | RAW, h) : 0
}

// @ts-ignore: decorator
@inline
function find(s: usize, n: u32, length: u32, h: u64): u32 {
  let k = <u32>(h >> 32) & (slots - 1)
  let id = load<u32>(HASH + (<usize>k << 2))
  while (id && !isName(id, s, n, length)) {
    k = (k + 1) & (slots - 1)
    id = load<u32>(HASH + (<usize>k << 2))
  }
  return id
}

// @ts-ignore: decorator
@inline
function isName(id: u32, s: usize, n: u32, length: u32): bool {
  const entry = nameAt(id)
  return load<u32>(entry, LENGTH) == length && same(ARENA + load<u32>(entry, OFFSET), s, n)
}

function hasRoom(n: u32): bool {
  // A name with a prefix brings up to three entries.
  if (count + 4 <= slots >> 1 && ARENA + arenaUsed + 3 * n + 3 * SLACK <= AUX) return true
  wanted = n
  fail(TABLES_FULL, cur)
  return false
}

let wanted: u32 = 0

function add(s: usize, n: u32, h: u64): u32 {
  const bad = invalidName(s, n)
  if (bad) return <u32>fail(NAME_CHARACTER, bad)
  if (!hasRoom(n)) return 0
  const id = insert(s, n, n, h)
  qualify(id, s, n)
  return id
}

function insert(s: usize, n: u32, length: u32, h: u64): u32 {
  let k = <u32>(h >> 32) & (slots - 1)
  while (load<u32>(HASH + (<usize>k << 2))) k = (k + 1) & (slots - 1)
  const id = ++count
  store<u32>(HASH + (<usize>k << 2), id)
  const entry = nameAt(id)
  const a = ARENA + arenaUsed
  store<u8>(a, 34)
  memory.copy(a + 1, s, n)
  store<u16>(a + 1 + n, 0x3a22)
  memory.fill(entry, 0, 64)
  store<u32>(entry, <u32>arenaUsed + 1, OFFSET)
  store<u32>(entry, length, LENGTH)
  store<u32>(entry, <u32>(h >> 32), HASHED)
  store<u32>(entry, id, LOCAL)
  arenaUsed += n + 3
  return id
}

/** Splits a new name into prefix and local part (Namespaces 1.0, 4). */
function qualify(id: u32, s: usize, n: u32): void {
  let colon: u32 = 0
  let colons: u32 = 0
  for (let i: u32 = 0; i < n; i++) {
    if (load<u8>(s + i) == COLON) {
      colon = i
      colons++
    }
  }
  if (!colons) return
  if (colons > 1 || colon == 0 || colon + 1 == n || !startsLocal(s + colon + 1)) {
    store<u32>(nameAt(id), MALFORMED, FLAGS)
    return
  }
  const prefix = internPart(s, colon)
  const local = internPart(s + colon + 1, n - colon - 1)
  const entry = nameAt(id)
  store<u32>(entry, prefix, PREFIX)
  store<u32>(entry, local, LOCAL)
  store<u32>(entry, prefix == xmlnsName ? DECLARES : prefix == xmlName ? 0 : PREFIXED, FLAGS)
}

function internPart(s: usize, n: u32): u32 {
  const h = hashOf(s, n)
  const id = find(s, n, n, h)
  return id ? id : insert(s, n, n, h)
}

/** Interns the names that have a meaning of their own. */
export function reserveNames(xml: usize, xmlns: usize): void {
  xmlName = intern(xml, 3)
  xmlnsName = intern(xmlns, 5)
  store<u32>(nameAt(xmlnsName), DECLARES, FLAGS)
}

/** Makes room in the tables after TABLES_FULL. Everything in memory may move. */
export function growNames(): bool {
  if (ARENA + arenaUsed + 3 * wanted + 3 * SLACK > AUX) {
    const by = (max<usize>(AUX - ARENA, 3 * wanted + 3 * SLACK) + 63) & ~63
    if (AUX - ARENA + by > limit) return outgrown()
    if (!shift(AUX, by)) return false
  }
  if (count + 4 <= slots >> 1) return true
  if (<usize>slots << 6 > limit) return outgrown()
  if (!shift(STACK, <usize>slots << 5) || !shift(NAMES, <usize>slots << 2)) return false
  slots <<= 1
  rehash()
  return true
}

function outgrown(): bool {
  fail(NAMES_SIZE, cur)
  return false
}

function rehash(): void {
  memory.fill(HASH, 0, <usize>slots << 2)
  for (let id: u32 = 1; id <= count; id++) {
    let k = load<u32>(nameAt(id), HASHED) & (slots - 1)
    while (load<u32>(HASH + (<usize>k << 2))) k = (k + 1) & (slots - 1)
    store<u32>(HASH + (<usize>k << 2), id)
  }
}

/** Forgets what the last document said about its names. */
export function forgetDocument(): void {
  for (let i: u32 = 0; i <= count; i++) {
    const entry = nameAt(i)
    store<u32>(entry, 0, BOUND)
    store<u64>(entry, 0, CONTENT_ENTITY)
    store<u32>(entry, 0, ATTRIBUTES)
    store<u32>(entry, load<u32>(entry, FLAGS) & ~DECLARED, FLAGS)
  }
}
