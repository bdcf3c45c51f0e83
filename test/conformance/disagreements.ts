/**
 * Where libxml2 judges a document otherwise than xmlmill does: each kind with its reason, and a test that a document is of
 * that kind. What no kind explains is a finding.
 */

export interface Trial {
  /** The document as text; where it cannot be decoded, a character a byte. */
  readonly text: string
  /** xmlmill's message; undefined where it accepts. */
  readonly refusal: string | undefined
  /** libxml2's message; undefined where it accepts. */
  readonly objection: string | undefined
}

interface Disagreement {
  readonly name: string
  readonly reason: string
  readonly explains: (trial: Trial) => boolean
}

const DISAGREEMENTS: readonly Disagreement[] = [
  {
    name: 'fragment in a system identifier',
    reason: 'XML 1.0, 4.2.2 calls it an error, not a fatal one: the document is well-formed. libxml2 refuses it.',
    explains: ({ refusal, objection }) => refusal === undefined && objection === 'Fragment not allowed',
  },
  {
    name: 'parameter entity in an entity value',
    reason:
      'WFC: PEs in Internal Subset (2.8) forbids the reference. libxml2 sees it only where it expands it, and an undeclared one never.',
    explains: ({ refusal, objection }) =>
      objection === undefined &&
      refusal !== undefined &&
      /reference %\S+; cannot stand inside a declaration/.test(refusal),
  },
  {
    name: 'undeclared entity in a default value, a parameter entity reference behind it',
    reason:
      'WFC: Entity Declared (4.1) is about documents that contain no parameter entity reference, wherever it stands. libxml2 judges before it has seen the reference.',
    explains: ({ text, refusal, objection }) => {
      const name = /^Entity '(.+)' not defined/.exec(objection ?? '')?.[1]
      if (refusal !== undefined || name === undefined) return false
      const lists = [...text.matchAll(/<!ATTLIST(?:[^"'>]|"[^"]*"|'[^']*')*>/g)]
      const list = lists.find(([declaration]) => declaration.includes(`&${name};`))
      return list !== undefined && /%[^\s;%&]+;/.test(text.slice(list.index + list[0].length))
    },
  },
]

/** The name of the kind of disagreement; undefined when nobody has explained it. */
export function explanation(trial: Trial): string | undefined {
  return DISAGREEMENTS.find(({ explains }) => explains(trial))?.name
}
