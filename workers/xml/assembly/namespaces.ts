// Namespaces in XML 1.0. Only tags with a prefix or a declaration in them come here (attributes.ts).
//
// A prefix's name has the number of its namespace in BOUND; the default namespace is that of name 0. BINDINGS is the
// stack of what to restore, 16 bytes each: DEPTH of the element, PREFIX, the namespace it had BEFORE.
//
// Breaches are counted, since documents with undeclared prefixes are common and XML 1.0 itself has nothing against
// them; with --namespaces strict they are errors.
import { ARENA, BINDINGS, NODES, out, reserveOutput, shift } from './memory'
import {
  NAMESPACE_DECLARATION,
  NAMESPACE_DUPLICATE,
  NAMESPACE_NAME,
  NAMESPACE_PREFIX,
  failWith,
} from './failure'
import {
  BOUND,
  DECLARES,
  FLAGS,
  LOCAL,
  MALFORMED,
  PREFIX,
  PREFIXED,
  SEEN,
  internBytes,
  nameAt,
  nextSerial,
  xmlName,
  xmlnsName,
} from './names'
import { depth } from './elements'
import { strictNamespaces } from './options'
import { LINK, SLOT_SIZE } from './tree'
import { plainValue } from './values'

const DEPTH: usize = 0
const NAME: usize = 4
const BEFORE: usize = 8

let bindings: u32 = 0
/** One more than the depth of the latest binding, 0 when there is none. */
export let boundDepth: u32 = 0
export let unboundPrefixes: u32 = 0
export let namespaceErrors: u32 = 0

/** Numbers of the two namespaces that are bound by definition. */
let xmlNamespace: u32 = 0
let xmlnsNamespace: u32 = 0

export function setReservedNamespaces(xml: u32, xmlns: u32): void {
  xmlNamespace = xml
  xmlnsNamespace = xmlns
}

export function resetNamespaces(): void {
  bindings = boundDepth = 0
  unboundPrefixes = namespaceErrors = 0
  store<u32>(nameAt(xmlName), xmlNamespace, BOUND)
  store<u32>(nameAt(xmlnsName), xmlnsNamespace, BOUND)
}

export function hasBindings(): bool {
  return bindings != 0
}

export function bindingsAreFull(n: u32): bool {
  return BINDINGS + (<usize>(bindings + n + 1) << 4) > ARENA
}

export function growBindings(n: u32): bool {
  return shift(ARENA, max<usize>(ARENA - BINDINGS, (<usize>(n + 4) << 4)) & ~63)
}

function breach(why: i32, p: usize, name: u32): bool {
  if (strictNamespaces) {
    failWith(why, p, name)
    return false
  }
  if (why == NAMESPACE_PREFIX) unboundPrefixes++
  else namespaceErrors++
  return true
}

/**
 * Binds what the attributes from offset f to e declare, then looks at the prefixes of the tag at p. The tag is whole.
 * Interns every URI before it binds the first, so that a tag for which the tables must grow can be read again.
 */
export function applyNamespaces(p: usize, element: u32, f: u32, e: u32): bool {
  const unbound = unboundPrefixes
  const errors = namespaceErrors
  if (apply(p, element, f, e)) return true
  // Perhaps the tables must only grow, and the tag is read again: as if it had not been.
  unbind()
  unboundPrefixes = unbound
  namespaceErrors = errors
  return false
}

function apply(p: usize, element: u32, f: u32, e: u32): bool {
  for (let a = f; a < e; a += SLOT_SIZE) {
    if (load<u32>(nameAt(load<u32>(NODES + a, LINK)), FLAGS) & DECLARES && namespaceOf(a) == -1) return false
  }
  for (let a = f; a < e; a += SLOT_SIZE) {
    const name = load<u32>(NODES + a, LINK)
    if (load<u32>(nameAt(name), FLAGS) & DECLARES && !declare(p, name, <u32>namespaceOf(a))) return false
  }
  if (!look(p, element, true)) return false
  let prefixed: u32 = 0
  for (let a = f; a < e; a += SLOT_SIZE) {
    const name = load<u32>(NODES + a, LINK)
    if (!look(p, name, false)) return false
    if (load<u32>(nameAt(name), FLAGS) & PREFIXED) prefixed++
  }
  return prefixed < 2 || distinct(p, f, e)
}

/** The number of the namespace that an attribute's value names: 0 for the empty one, -1 when the tables must grow. */
function namespaceOf(a: u32): i64 {
  const n = plainValue(NODES + a)
  if (!n) return 0
  // The value was written behind the output, where nothing is kept.
  const id = internBytes(out, n)
  return id ? <i64>id : -1
}

/** The target of a processing instruction at p: no colons (Namespaces 7). */
export function lookAtTarget(p: usize, name: u32): bool {
  const entry = nameAt(name)
  if (!load<u32>(entry, PREFIX) && !(load<u32>(entry, FLAGS) & MALFORMED)) return true
  return breach(NAMESPACE_NAME, p, name)
}

function declare(p: usize, name: u32, namespace: u32): bool {
  const prefix = load<u32>(nameAt(name), PREFIX) ? load<u32>(nameAt(name), LOCAL) : 0
  const wrong =
    (prefix != 0 && namespace == 0) ||
    prefix == xmlnsName ||
    (prefix == xmlName) != (namespace == xmlNamespace) ||
    namespace == xmlnsNamespace
  if (wrong) return breach(NAMESPACE_DECLARATION, p, name)
  const entry = BINDINGS + (<usize>bindings << 4)
  store<u32>(entry, depth, DEPTH)
  store<u32>(entry, prefix, NAME)
  store<u32>(entry, load<u32>(nameAt(prefix), BOUND), BEFORE)
  store<u32>(nameAt(prefix), namespace, BOUND)
  bindings++
  boundDepth = depth + 1
  return true
}

/** Restores what the element that was closed had bound; `depth` counts it no more. */
export function unbind(): void {
  while (bindings) {
    const entry = BINDINGS + (<usize>(bindings - 1) << 4)
    if (load<u32>(entry, DEPTH) < depth) {
      boundDepth = load<u32>(entry, DEPTH) + 1
      return
    }
    store<u32>(nameAt(load<u32>(entry, NAME)), load<u32>(entry, BEFORE), BOUND)
    bindings--
  }
  boundDepth = 0
}

function look(p: usize, name: u32, isElement: bool): bool {
  const entry = nameAt(name)
  const flags = load<u32>(entry, FLAGS)
  if (flags & MALFORMED) return breach(NAMESPACE_NAME, p, name)
  if (isElement && flags & DECLARES && load<u32>(entry, PREFIX)) return breach(NAMESPACE_NAME, p, name)
  if (flags & PREFIXED && !load<u32>(nameAt(load<u32>(entry, PREFIX)), BOUND)) return breach(NAMESPACE_PREFIX, p, name)
  return true
}

/** No two attributes of the same local name and namespace (Namespaces 6.3). */
function distinct(p: usize, f: u32, e: u32): bool {
  if (!reserveOutput(64)) return false
  const mark = nextSerial()
  for (let a = f; a < e; a += SLOT_SIZE) {
    const name = load<u32>(NODES + a, LINK)
    const entry = nameAt(name)
    const bound = load<u32>(nameAt(load<u32>(entry, PREFIX)), BOUND)
    if (!(load<u32>(entry, FLAGS) & PREFIXED) || !bound) continue
    // The pair of numbers is interned as if it were a name, so that many attributes take no longer than few.
    store<u32>(out, bound)
    store<u32>(out, load<u32>(entry, LOCAL), 4)
    const pair = internBytes(out, 8)
    if (!pair) return false
    if (load<u32>(nameAt(pair), SEEN) == mark) {
      if (!breach(NAMESPACE_DUPLICATE, p, name)) return false
      continue
    }
    store<u32>(nameAt(pair), mark, SEEN)
  }
  return true
}

/** How many bindings are in scope. */
export function bindingCount(): u32 {
  return bindings
}

/** The prefix of the i-th of them. */
export function boundPrefix(i: u32): u32 {
  return load<u32>(BINDINGS + (<usize>i << 4), NAME)
}

