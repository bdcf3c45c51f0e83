/** SAX events of one document, folded into its profile. */
import {
  type AttributeProfile,
  type DocumentProfile,
  type ElementProfile,
  emptyElement,
  emptyValues,
  MAX_SAMPLES,
  type ProfileLimits,
  SAMPLE_CHARS,
  type ValueProfile,
} from '../../src/channel/document-profile.ts'
import { MAX_KIND_CHARS, valueKind } from './value-kind.ts'

/** A name longer than this is no name that anybody would want to see in a tree. */
const MAX_NAME_CHARS = 200
/** Different declarations of namespaces that are remembered. */
const MAX_NAMESPACES = 100

/** An element that is open. */
interface Frame {
  /** Undefined beyond the limits. */
  readonly element: ElementProfile | undefined
  /** Offset of its `<`. */
  readonly start: number
  readonly attributes: number
  /** Prefixes that it binds, with what they were bound to before. */
  readonly rebound: readonly (readonly [string, string | undefined])[]
  /** Texts between markup, from the first that is more than white space: comments and CDATA sections divide, too. */
  pieces: number
  /** The first characters of its text. */
  text: string
  textLength: number
  hasChildren: boolean
  /** How many of each child; undefined until there is one. */
  counts: Map<ElementProfile, number> | undefined
  lastChild: ElementProfile | undefined
  isInterleaved: boolean
}

export class ProfileFold {
  readonly #limits: ProfileLimits
  readonly #tree = emptyElement('', '')
  readonly #stack: Frame[] = []
  readonly #bound = new Map<string, string>([['xml', 'http://www.w3.org/XML/1998/namespace']])
  readonly #namespaces = new Map<string, readonly [string, string]>()
  #elements = 0
  #hidden = 0
  #depth = 0
  doctype: string | undefined
  comments = 0
  instructions = 0
  entityReferences = 0

  constructor(limits: ProfileLimits) {
    this.#limits = limits
    this.#tree.count = 1
    this.#stack.push(openFrame(this.#tree, 0, 0, []))
  }

  /** Elements that are open. */
  get depth(): number {
    return this.#stack.length - 1
  }

  /** Names of the open elements, from the root. */
  get openNames(): readonly string[] {
    return this.#stack.slice(1).map(({ element }) => element?.name ?? '…')
  }

  open(name: string, attributes: Readonly<Record<string, string>>, start: number): void {
    const rebound = this.#bind(attributes)
    const element = this.#enter(name)
    let count = 0
    for (const attribute in attributes) {
      count++
      if (element !== undefined) this.#addAttribute(element, attribute, attributes[attribute] ?? '')
    }
    this.#stack.push(openFrame(element, start, count, rebound))
    this.#depth = Math.max(this.#depth, this.depth)
  }

  /** Text or a CDATA section, between two pieces of markup. */
  text(text: string): void {
    const frame = this.#stack.at(-1)
    if (frame === undefined) return
    frame.textLength += text.length
    // One more than is looked at, so that a longer text is seen to be longer.
    if (frame.text.length <= MAX_KIND_CHARS) frame.text += text.slice(0, MAX_KIND_CHARS + 1).trimStart()
    if (text !== '' && (frame.pieces > 0 || /[^ \t\r\n]/.test(text))) frame.pieces++
  }

  close(end: number): void {
    const frame = this.#stack.pop()
    if (frame === undefined) return
    for (const [prefix, before] of frame.rebound) {
      if (before === undefined) this.#bound.delete(prefix)
      else this.#bound.set(prefix, before)
    }
    countChildren(frame, true)
    const { element } = frame
    if (element === undefined) return
    element.whole++
    element.size += end - frame.start
    const isPlain = frame.attributes === 0 && !frame.hasChildren
    if (!isPlain && !frame.hasChildren && frame.attributes === frame.rebound.length) element.binding++
    if (isPlain) element.plain++
    else if (frame.pieces > 0) element.withText++
    if (frame.pieces > 0 && frame.hasChildren) element.mixed++
    if (frame.isInterleaved) element.interleaved++
    if (!frame.hasChildren) addValue(element.values, frame.text, frame.textLength, frame.pieces > 1)
  }

  /**
   * The profile, when no more is read.
   * @param end offset of the end of what was read
   */
  finish(end: number): DocumentProfile {
    for (const frame of this.#stack) {
      const isDocument = frame.element === this.#tree
      countChildren(frame, isDocument)
      if (frame.element !== undefined) frame.element.size += end - frame.start
      if (isDocument) this.#tree.whole = 1
      // Text between children is seen as soon as it is there; what is missing yet may still come.
      else if (frame.element !== undefined && frame.pieces > 0 && frame.hasChildren) frame.element.mixed++
    }
    this.#stack.length = 0
    return {
      tree: this.#tree,
      namespaces: [...this.#namespaces.values()],
      doctype: this.doctype,
      comments: this.comments,
      instructions: this.instructions,
      entityReferences: this.entityReferences,
      hidden: this.#hidden,
      depth: this.#depth,
    }
  }

  #bind(attributes: Readonly<Record<string, string>>): (readonly [string, string | undefined])[] {
    const rebound: (readonly [string, string | undefined])[] = []
    for (const name in attributes) {
      if (name !== 'xmlns' && !name.startsWith('xmlns:')) continue
      const prefix = name.slice(6)
      const namespace = attributes[name] ?? ''
      rebound.push([prefix, this.#bound.get(prefix)])
      this.#bound.set(prefix, namespace)
      if (this.#namespaces.size < MAX_NAMESPACES && namespace.length <= 1000) {
        this.#namespaces.set(`${prefix} ${namespace}`, [prefix, namespace])
      }
    }
    return rebound
  }

  /** Finds the element's place in the tree, or makes it; undefined beyond the limits. */
  #enter(name: string): ElementProfile | undefined {
    const parent = this.#stack.at(-1)
    if (parent === undefined) return undefined
    parent.hasChildren = true
    let element = parent.element?.children.get(name)
    if (element === undefined) {
      const isBeyond =
        parent.element === undefined ||
        parent.element.children.size >= this.#limits.maxNames ||
        this.#elements >= this.#limits.maxElements ||
        name.length > MAX_NAME_CHARS
      if (parent.element === undefined || isBeyond) {
        this.#hidden++
        parent.lastChild = undefined
        return undefined
      }
      this.#elements++
      const colon = name.indexOf(':')
      element = emptyElement(name, this.#bound.get(colon === -1 ? '' : name.slice(0, colon)) ?? '')
      parent.element.children.set(name, element)
    }
    element.count++
    parent.counts ??= new Map()
    const before = parent.counts.get(element) ?? 0
    parent.counts.set(element, before + 1)
    if (before > 0 && parent.lastChild !== element) parent.isInterleaved = true
    parent.lastChild = element
    return element
  }

  #addAttribute(element: ElementProfile, name: string, value: string): void {
    let attribute: AttributeProfile | undefined = element.attributes.get(name)
    if (attribute === undefined) {
      if (element.attributes.size >= this.#limits.maxNames || name.length > MAX_NAME_CHARS) {
        this.#hidden++
        return
      }
      attribute = { name, values: emptyValues() }
      element.attributes.set(name, attribute)
    }
    addValue(attribute.values, value, value.length)
  }
}

function openFrame(
  element: ElementProfile | undefined,
  start: number,
  attributes: number,
  rebound: Frame['rebound'],
): Frame {
  return {
    element,
    start,
    attributes,
    rebound,
    pieces: 0,
    text: '',
    textLength: 0,
    hasChildren: false,
    counts: undefined,
    lastChild: undefined,
    isInterleaved: false,
  }
}

function countChildren(frame: Frame, isWhole: boolean): void {
  for (const [child, count] of frame.counts ?? []) {
    child.parents++
    if (count > 1) child.parentsOfMany++
    child.maxPerParent = Math.max(child.maxPerParent, count)
    if (!isWhole) continue
    child.wholeParents++
    child.minPerParent = child.minPerParent === 0 ? count : Math.min(child.minPerParent, count)
  }
}

/** @param isDivided whether it was put together from pieces: then `--values` may leave it text, whatever it looks like */
function addValue(values: ValueProfile, text: string, length: number, isDivided = false): void {
  const start = text.slice(0, MAX_KIND_CHARS + 1)
  const trimmed = start.trim()
  const kind = length > start.length && trimmed.length > MAX_KIND_CHARS ? 'text' : valueKind(trimmed)
  values.count++
  values.kinds[kind] = (values.kinds[kind] ?? 0) + 1
  if (isDivided && kind !== 'text') values.kinds.text = (values.kinds.text ?? 0) + 1
  values.maxLength = Math.max(values.maxLength, start.length < length ? length : trimmed.length)
  if (kind === 'empty' || values.samples.length >= MAX_SAMPLES) return
  const sample = trimmed.length > SAMPLE_CHARS ? `${trimmed.slice(0, SAMPLE_CHARS)}…` : trimmed
  if (!values.samples.includes(sample)) values.samples.push(sample)
}
