/** The records that somebody chose with `--record`, found in a profile. */
import type { ElementProfile } from '../channel/document-profile.ts'
import { mergeElements } from './merge.ts'
import { covers, listPlaces, type Place } from './places.ts'

/** Whether a place is named by any of the paths. */
export function recordMatcher(paths: readonly string[]): (place: Place) => boolean {
  const patterns = paths.map(stepsOf)
  return (place) => patterns.some((steps) => ends(steps, place, 0, 0))
}

/**
 * The elements that any of the paths names, together; undefined when there are none in what was read. One inside another belongs to the
 * outer one, as in a run.
 */
export function chosenElement(tree: ElementProfile, paths: readonly string[]): ElementProfile | undefined {
  const chosen = listPlaces(tree).filter(recordMatcher(paths))
  const outer = chosen.filter((place) => !chosen.some((other) => other !== place && covers(other, place)))
  return outer.length === 0 ? undefined : mergeElements(outer.map(({ element }) => element))
}

interface Step {
  /** Whether elements may stand before it. */
  readonly isDeep: boolean
  readonly name: string
}

/** The steps of `paper`, `/volume/paper`, `volume//paper`, `*`, `{namespace}local`. */
function stepsOf(path: string): Step[] {
  const text = path.startsWith('/') ? path : `//${path}`
  return Array.from(text.matchAll(/(\/\/?)((?:\{[^{}]*\})?[^/]*)/g), ([, axis, name = '']) => ({
    isDeep: axis === '//',
    name,
  }))
}

/** Whether the steps from `step` on match the place's names from `at` on, to the end. */
function ends(steps: readonly Step[], place: Place, step: number, at: number): boolean {
  const wanted = steps[step]
  if (wanted === undefined) return at === place.path.length
  if (at >= place.path.length) return false
  if (isNamed(wanted.name, place, at) && ends(steps, place, step + 1, at + 1)) return true
  return wanted.isDeep && ends(steps, place, step, at + 1)
}

function isNamed(wanted: string, { path, expanded }: Place, at: number): boolean {
  if (wanted === '*' || wanted === path[at]) return true
  const name = expanded[at] ?? ''
  const full = name.startsWith('{') ? name : `{}${name}`
  return wanted === full || (wanted.endsWith('}*') && full.startsWith(wanted.slice(0, -1)))
}
