// What is settled once a start tag is whole: declared attributes (XML 1.0, 3.3), then namespaces. Few tags need it.
//
// Declared attributes of an element are a chain of records in AUX:
//   FOLLOWING  the next one, 0 for none
//   NAME       number of the attribute's name
//   TOKENISED  1 when its type is another than CDATA
//   DEFAULTED  1 when it has a default value
//   LENGTH     of that value, whose bytes follow: normalised, all references decoded
import { TABLES_FULL, fail } from './failure'
import { internKeys } from './collisions'
import { applyNamespaces, bindingsAreFull } from './namespaces'
import { ATTRIBUTES, DECLARED, DECLARES, FLAGS, MALFORMED, PREFIXED, SEEN, nameAt, nameLength } from './names'
import { declares } from './entities'
import { AUX, NODES, SLACK, auxUsed, reserveNodes } from './memory'
import { collides } from './options'
import { borrow } from './records'
import { COLLAPSED, IN_AUX, KIND, LINK, PLACE, SIZE, SLOT_SIZE, VERBATIM } from './tree'

/** Flags of names that make a tag come here. */
export const UNSETTLED: u32 = PREFIXED | DECLARES | MALFORMED | DECLARED

const FOLLOWING: usize = 0
const NAME: usize = 4
const TOKENISED: usize = 8
const DEFAULTED: usize = 12
const LENGTH: usize = 16
const BYTES: usize = 20

/** Declares an attribute; its default value of n bytes has been staged with BYTES - 8 free bytes before it. */
export function declareAttribute(element: u32, attribute: u32, tokenised: bool, defaulted: bool, n: u32): void {
  const entry = nameAt(element)
  const declaration = AUX + auxUsed
  store<u32>(declaration, load<u32>(entry, ATTRIBUTES), FOLLOWING)
  store<u32>(declaration, attribute, NAME)
  store<u32>(declaration, tokenised ? 1 : 0, TOKENISED)
  store<u32>(declaration, defaulted ? 1 : 0, DEFAULTED)
  store<u32>(declaration, n, LENGTH)
  store<u32>(entry, auxUsed, ATTRIBUTES)
  store<u32>(entry, load<u32>(entry, FLAGS) | DECLARED, FLAGS)
  auxUsed += <u32>BYTES + n + <u32>SLACK
  declares = true
}

/** Where the bytes of an attribute's default value are to be put, n of them. */
export function defaultValueAt(staged: usize): usize {
  return staged + BYTES - 8
}

/**
 * Settles the tag at p, whose attributes lie in NODES from offset f to e; `mark` is what its attributes' names have
 * as SEEN. Returns where the attributes end now, 0 when the tag cannot be settled.
 */
export function settle(p: usize, element: u32, f: u32, e: u32, mark: u32): u32 {
  let flags = load<u32>(nameAt(element), FLAGS)
  for (let a = f; a < e; a += SLOT_SIZE) flags |= load<u32>(nameAt(load<u32>(NODES + a, LINK)), FLAGS)
  if (load<u32>(nameAt(element), FLAGS) & DECLARED) {
    e = addDeclared(element, f, e, mark)
    if (!e) return 0
    for (let a = f; a < e; a += SLOT_SIZE) flags |= load<u32>(nameAt(load<u32>(NODES + a, LINK)), FLAGS)
  }
  if (collides && !internKeys(p, f, e)) return 0
  if (!(flags & (PREFIXED | DECLARES | MALFORMED))) return e
  if (bindingsAreFull((e - f) / SLOT_SIZE)) return <u32>fail(TABLES_FULL, p)
  return applyNamespaces(p, element, f, e) ? e : 0
}

function addDeclared(element: u32, f: u32, e: u32, mark: u32): u32 {
  for (let declaration = load<u32>(nameAt(element), ATTRIBUTES); declaration; declaration = load<u32>(AUX + declaration)) {
    const d = AUX + declaration
    const name = load<u32>(d, NAME)
    if (load<u32>(nameAt(name), SEEN) == mark) {
      if (load<u32>(d, TOKENISED)) collapse(name, f, e)
    } else if (load<u32>(d, DEFAULTED)) {
      if (!reserveNodes(e + SLOT_SIZE)) return 0
      const t = NODES + e
      store<u32>(t, declaration + <u32>BYTES, PLACE)
      store<u32>(t, load<u32>(d, LENGTH), SIZE)
      store<u32>(t, IN_AUX | VERBATIM, KIND)
      store<u32>(t, name, LINK)
      // Counted as its XML would be: ` name="value"`.
      borrow(load<u32>(d, LENGTH) + nameLength(name) + 4)
      e += SLOT_SIZE
    }
  }
  return e
}

function collapse(name: u32, f: u32, e: u32): void {
  // The xml shape must not take the value as it stands.
  borrow(1)
  for (let a = f; a < e; a += SLOT_SIZE) {
    if (load<u32>(NODES + a, LINK) == name) store<u32>(NODES + a, load<u32>(NODES + a, KIND) | COLLAPSED, KIND)
  }
}
