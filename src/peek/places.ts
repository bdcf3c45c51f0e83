/** Where in the tree elements stand, and how a record path names them. */
import type { ElementProfile } from '../channel/document-profile.ts'

export interface Place {
  readonly element: ElementProfile
  /** Names as written, from the root. */
  readonly path: readonly string[]
  /** `{namespace}local` for the names of `path`; the name itself where it has no namespace. */
  readonly expanded: readonly string[]
  /** Whether it stands inside of an element with text beside its children. */
  readonly isInMixed: boolean
}

/** All places below the document, outer ones first. */
export function listPlaces(tree: ElementProfile): Place[] {
  const places: Place[] = []
  const visit = (parent: ElementProfile, above: Place | undefined): void => {
    for (const element of parent.children.values()) {
      const place: Place = {
        element,
        path: [...(above?.path ?? []), element.name],
        expanded: [...(above?.expanded ?? []), expandedName(element)],
        isInMixed: above !== undefined && (above.isInMixed || above.element.mixed > 0),
      }
      places.push(place)
      visit(element, place)
    }
  }
  visit(tree, undefined)
  return places
}

/**
 * Record paths that name these places: the bare name where all others of that name are inside of these, else a path, with `*` where
 * it helps, else several. With namespaces where documents write the same name with different prefixes.
 */
export function pathsOf(chosen: readonly Place[], all: readonly Place[]): readonly string[] {
  const hasOnePrefix = new Set(chosen.map(({ path }) => path.at(-1))).size === 1
  const namesOf = hasOnePrefix ? (place: Place) => place.path : (place: Place) => place.expanded
  const name = chosen[0] === undefined ? '' : (namesOf(chosen[0]).at(-1) ?? '')
  const others = all.filter((place) => namesOf(place).at(-1) === name && !chosen.some((one) => covers(one, place)))
  if (others.length === 0) return [name]
  const generalised = wildcardPath(chosen.map(namesOf))
  if (generalised !== undefined) {
    const named = all.filter((place) => matches(generalised, namesOf(place)))
    if (named.every((place) => chosen.includes(place))) return [`/${generalised.join('/')}`]
  }
  return [...new Set(chosen.map((place) => `/${namesOf(place).join('/')}`))]
}

/** Whether a place is another, or inside of it. */
export function covers(outer: Place, inner: Place): boolean {
  return outer.path.every((name, index) => inner.path[index] === name)
}

/** One path for paths of the same length: `*` where their names differ, but for the last. */
function wildcardPath(paths: readonly (readonly string[])[]): readonly string[] | undefined {
  const [first, ...rest] = paths
  if (first === undefined || rest.some((path) => path.length !== first.length)) return undefined
  return first.map((name, index) => (rest.every((path) => path[index] === name) ? name : '*'))
}

function matches(pattern: readonly string[], path: readonly string[]): boolean {
  return pattern.length === path.length && pattern.every((name, index) => name === '*' || name === path[index])
}

function expandedName({ name, namespace }: ElementProfile): string {
  return namespace === '' ? name : `{${namespace}}${localName(name)}`
}

/** A name without its prefix. */
export function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}
