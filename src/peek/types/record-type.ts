/**
 * The JSON that a run writes for the records of a profile, as a type: what fast-xml-parser's shape makes of elements, attributes and text
 * (docs: "The output, by default"). Inferred from what was read: the rest may differ.
 */
import { type ElementProfile, emptyValues, type ValueProfile } from '../../channel/document-profile.ts'
import type { ThreadOptions } from '../../options.ts'
import { mergeElements } from '../merge.ts'
import { localName } from '../places.ts'

/** The options that decide on the shape. */
export type ShapeOptions = Pick<
  ThreadOptions,
  'array' | 'attributePrefix' | 'textKey' | 'noAttributes' | 'stripNamespaces' | 'values' | 'shape' | 'envelope'
>

/** The content of an element, or an attribute's value. An element may be text in one place and an object in another. */
export interface JsonType {
  /** Undefined when it is never text alone. */
  readonly text: ValueProfile | undefined
  /** Undefined when it is always text. */
  readonly properties: readonly Property[] | undefined
}

export interface Property {
  readonly key: string
  readonly type: JsonType
  readonly isOptional: boolean
  /** Whether it is an array: always, never, or only where it repeats. */
  readonly list: 'always' | 'never' | 'sometimes'
}

export function typeOf(element: ElementProfile, options: ShapeOptions): JsonType {
  const attributes = attributesOf(element, options)
  const hasMembers = attributes.length > 0 || element.children.size > 0
  // Elements that are text alone: without attributes and children, or without children where attributes are left out.
  const texts = textsOf(element, options)
  const objects = element.whole - texts
  const isText = texts > 0 || !hasMembers
  if (!hasMembers || (objects <= 0 && element.whole > 0)) return { text: element.values, properties: undefined }
  const properties = [...childrenOf(element, options, texts), ...textOf(element, options, objects), ...attributes]
  return { text: isText ? element.values : undefined, properties }
}

/** How many of the elements are a string in JSON. */
function textsOf(element: ElementProfile, { noAttributes, stripNamespaces }: ShapeOptions): number {
  if (noAttributes) return element.values.count
  return stripNamespaces ? element.plain + element.binding : element.plain
}

function childrenOf(element: ElementProfile, options: ShapeOptions, texts: number): Property[] {
  const named = [...element.children.values()]
  const groups = Map.groupBy(named, ({ name }) => (options.stripNamespaces ? localName(name) : name))
  return Array.from(groups, ([key, children]) => {
    const [only = element] = children
    const child = children.length === 1 ? only : mergeElements(children)
    const isAlwaysMany = child.minPerParent > 1 && child.parentsOfMany === child.parents
    const isMany = child.maxPerParent > 1 || children.length > 1
    return {
      key,
      type: typeOf(child, options),
      isOptional: child.wholeParents < element.whole - texts,
      list: options.array.includes(key) || isAlwaysMany ? 'always' : isMany ? 'sometimes' : 'never',
    }
  })
}

function textOf(
  element: ElementProfile,
  { noAttributes, stripNamespaces, textKey }: ShapeOptions,
  objects: number,
): Property[] {
  const count = noAttributes ? element.mixed : element.withText
  if (count === 0) return []
  // Text between children is put together and was not looked at: it may be anything.
  const anything = { text: element.mixed, integer: element.mixed, boolean: element.mixed }
  const values = element.mixed > 0 ? { ...emptyValues(), kinds: anything } : element.values
  // Some of the texts may be of elements that are a string then.
  const isOptional = count < objects || (stripNamespaces && element.binding > 0)
  return [{ key: textKey, type: { text: values, properties: undefined }, isOptional, list: 'never' }]
}

function attributesOf(element: ElementProfile, options: ShapeOptions): Property[] {
  if (options.noAttributes) return []
  const objects = element.count - textsOf(element, options)
  const properties = new Map<string, Property>()
  for (const [name, { values }] of element.attributes) {
    // What binds prefixes goes with them.
    if (options.stripNamespaces && (name === 'xmlns' || name.startsWith('xmlns:'))) continue
    const key = `${options.attributePrefix}${options.stripNamespaces ? localName(name) : name}`
    const type = { text: values, properties: undefined }
    properties.set(key, { key, type, isOptional: values.count < objects, list: 'never' })
  }
  return [...properties.values()]
}

/** What a text becomes in JSON. */
export function jsonTypesOf({ kinds }: ValueProfile, convertsValues: boolean): readonly string[] {
  if (!convertsValues) return ['string']
  const types: string[] = []
  if (kinds.integer !== undefined || kinds.decimal !== undefined) types.push('number')
  if (kinds.boolean !== undefined) types.push('boolean')
  const { integer: _, decimal: __, boolean: ___, ...strings } = kinds
  if (Object.keys(strings).length > 0 || types.length === 0) types.push('string')
  return types
}
