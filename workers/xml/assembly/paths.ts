// Record paths. All steps of all paths are numbered from 0, those of one path in order; sets of steps are bits of a u64.
// For every open element outside a record two sets are kept (elements.ts): the steps that the element satisfies, and
// those that it or an element above it satisfies. An element satisfies step i when its name does and step i - 1 is
// satisfied by its parent (or, after `//`, by any element above).
import { BOUND, LOCAL, LOCAL_MATCHES, MATCHES, PREFIX, nameAt } from './names'
import { BELOW, STEPS, depth, openElement } from './elements'

export const STEP_ANY_NAME: u32 = 1
export const STEP_NAMESPACED: u32 = 2
export const STEP_ANYWHERE: u32 = 4
export const STEP_FIRST: u32 = 8
export const STEP_LAST: u32 = 16

let stepCount: u32 = 0
/** First steps that may stand anywhere, or only at the root. */
let firstAnywhere: u64 = 0
let firstAtRoot: u64 = 0
/** Later steps that follow their predecessor as a child, or anywhere below. */
let child: u64 = 0
let anywhere: u64 = 0
let last: u64 = 0
let anyName: u64 = 0
let namespaced: u64 = 0
const NAMESPACES = memory.data(64 * 4, 16)

/** One more step: `name` is a name's number unless any will do, `namespace` the number of a namespace or 0 for none. */
export function addStep(name: u32, namespace: u32, kind: u32): bool {
  if (stepCount == 64) return false
  const bit = <u64>1 << stepCount
  if (kind & STEP_FIRST) {
    if (kind & STEP_ANYWHERE) firstAnywhere |= bit
    else firstAtRoot |= bit
  } else if (kind & STEP_ANYWHERE) anywhere |= bit
  else child |= bit
  if (kind & STEP_LAST) last |= bit
  if (kind & STEP_NAMESPACED) {
    namespaced |= bit
    store<u32>(NAMESPACES + (stepCount << 2), namespace)
  }
  if (kind & STEP_ANY_NAME) anyName |= bit
  else {
    const at = kind & STEP_NAMESPACED ? LOCAL_MATCHES : MATCHES
    store<u64>(nameAt(name) + at, load<u64>(nameAt(name) + at) | bit)
  }
  stepCount++
  return true
}

/** The steps that the element about to be opened satisfies; its namespaces are bound already. */
// @ts-ignore: decorator
@inline
export function satisfied(name: u32): u64 {
  let named = load<u64>(nameAt(name), MATCHES) | (anyName & ~namespaced)
  if (namespaced) named |= inNamespace(name)
  if (depth == 0) return named & (firstAnywhere | firstAtRoot)
  const parent = openElement(depth - 1)
  return named & (firstAnywhere | ((load<u64>(parent, STEPS) << 1) & child) | ((load<u64>(parent, BELOW) << 1) & anywhere))
}

function inNamespace(name: u32): u64 {
  const entry = nameAt(name)
  const bound = load<u32>(nameAt(load<u32>(entry, PREFIX)), BOUND)
  let open = (load<u64>(nameAt(load<u32>(entry, LOCAL)), LOCAL_MATCHES) | anyName) & namespaced
  let result: u64 = 0
  while (open) {
    const step = <u32>ctz(open)
    const bit = <u64>1 << step
    if (load<u32>(NAMESPACES + (step << 2)) == bound) result |= bit
    open &= ~bit
  }
  return result
}

/** Whether one of these steps is the last of its path. */
// @ts-ignore: decorator
@inline
export function completes(steps: u64): bool {
  return (steps & last) != 0
}

/** Remembers the steps of the element about to be opened. */
// @ts-ignore: decorator
@inline
export function keepSteps(steps: u64): void {
  const entry = openElement(depth)
  store<u64>(entry, steps, STEPS)
  store<u64>(entry, depth ? steps | load<u64>(openElement(depth - 1), BELOW) : steps, BELOW)
}
