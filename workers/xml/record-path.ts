/**
 * Record paths: which elements are records.
 *
 * `paper` is an element of that name at any depth, `/volume/paper` a path from the root, `volume/paper` the end of a path,
 * `//` any number of elements in between, `*` any name. A step's name is matched as the document writes it, prefix
 * included, or as `{namespace}local`, `{namespace}*`, and `{}local` for no namespace.
 */
import { MillError } from '../../src/errors.ts'
import { nameEnd } from './dtd/names.ts'

export interface RecordStep {
  /** A child of what the step before matched (of the document itself for the first step), or any element below it. */
  readonly axis: 'child' | 'descendant'
  /** As written in the document, or the local name where `namespace` is given; undefined for any. */
  readonly name: string | undefined
  /** Namespace name; empty for none; undefined where the step matches names as written. */
  readonly namespace: string | undefined
}

export interface RecordPath {
  /** As the user wrote it. */
  readonly text: string
  readonly steps: readonly RecordStep[]
}

/** An element as a path sees it. */
export interface ElementName {
  /** As written, prefix included. */
  readonly name: string
  /** Namespace name, empty for none; only needed when a path asks for one (`usesNamespaces`). */
  readonly namespace: string
}

/** The matcher keeps the steps of a path as the bits of a number. */
const MAX_STEPS = 30

/** @throws MillError OPTIONS_INVALID when the path cannot match any element */
export function parseRecordPath(text: string): RecordPath {
  const steps: RecordStep[] = []
  let rest = text.trim()
  if (rest === '') throw impossible(text, 'it is empty')
  let axis: RecordStep['axis'] = 'descendant'
  if (rest.startsWith('/') && !rest.startsWith('//')) axis = 'child'
  rest = rest.replace(/^\/\/?/, '')
  for (;;) {
    const step = /^(?:\{([^{}]*)\})?([^/{}]*)/.exec(rest)
    const [whole = '', namespace, name = ''] = step ?? []
    steps.push({ axis, name: checkedName(text, name, namespace !== undefined), namespace })
    rest = rest.slice(whole.length)
    if (rest === '') break
    const slashes = /^\/\/?/.exec(rest)?.[0]
    if (slashes === undefined) throw impossible(text, `${JSON.stringify(rest)} does not belong in a step`)
    axis = slashes === '/' ? 'child' : 'descendant'
    rest = rest.slice(slashes.length)
  }
  if (steps.length > MAX_STEPS) throw impossible(text, `it has more than ${MAX_STEPS} steps`)
  return { text, steps }
}

function checkedName(path: string, name: string, isLocal: boolean): string | undefined {
  if (name === '*') return undefined
  if (name === '') throw impossible(path, 'a step has no name')
  if (/[[\]@()=]|^\.\.?$/.test(name)) {
    throw impossible(path, `${name} is more of XPath than is known here: names, *, / and // are`)
  }
  if (nameEnd(name, 0) !== name.length) throw impossible(path, `${name} is not a name that an element can have`)
  if (isLocal && name.includes(':')) throw impossible(path, `${name} has a prefix beside a {namespace}`)
  return name
}

function impossible(path: string, reason: string): MillError {
  return new MillError(
    'OPTIONS_INVALID',
    `--record is ${JSON.stringify(path)}: ${reason}. It takes a name (paper), a path (/volume/paper, volume/*) or {namespace}local`,
  )
}

/** Whether any path needs namespaces resolved. */
export function usesNamespaces(paths: readonly RecordPath[]): boolean {
  return paths.some(({ steps }) => steps.some(({ namespace }) => namespace !== undefined))
}

/**
 * Follows one document's elements and says which ones the paths name; with no paths, the root.
 *
 * For each open element and path a number is kept: bit i is set when step i may match a child of that element.
 */
export class RecordMatcher {
  readonly #paths: readonly RecordPath[]
  readonly #stack: number[][]

  constructor(paths: readonly RecordPath[]) {
    this.#paths = paths.length > 0 ? paths : [parseRecordPath('/*')]
    this.#stack = [this.#paths.map(() => 1)]
  }

  /** Enters an element; true when a path ends in it. */
  enter(element: ElementName): boolean {
    const parent = this.#stack.at(-1)
    let isMatch = false
    const states = this.#paths.map(({ steps }, index) => {
      const { state, matched } = advance(steps, parent?.[index] ?? 0, element)
      isMatch ||= matched
      return state
    })
    this.#stack.push(states)
    return isMatch
  }

  /** Leaves the element entered last. */
  leave(): void {
    this.#stack.pop()
  }
}

function advance(
  steps: readonly RecordStep[],
  parent: number,
  element: ElementName,
): { state: number; matched: boolean } {
  let state = 0
  let matched = false
  for (let index = 0; index < steps.length; index++) {
    const step = steps[index]
    if (step === undefined || (parent & (1 << index)) === 0) continue
    if (step.axis === 'descendant') state |= 1 << index
    if (!matchesStep(step, element)) continue
    if (index + 1 === steps.length) matched = true
    else state |= 1 << (index + 1)
  }
  return { state, matched }
}

function matchesStep(step: RecordStep, { name, namespace }: ElementName): boolean {
  if (step.namespace === undefined) return step.name === undefined || step.name === name
  if (step.namespace !== namespace) return false
  return step.name === undefined || step.name === name.slice(name.indexOf(':') + 1)
}
