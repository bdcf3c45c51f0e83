/**
 * Where libxml2 judges a document otherwise than xmlmill does: each kind with its reason, and a test that a document is of
 * that kind. What no kind explains is a finding.
 */

export interface Judgements {
  /** xmlmill's message; undefined where it accepts. */
  readonly refusal: string | undefined
  /** libxml2's message; undefined where it accepts. */
  readonly objection: string | undefined
  /** Where both accept: the first difference between what they read. */
  readonly difference?: string | undefined
}

export interface Trial extends Judgements {
  /** The document as text; where it cannot be decoded, a character a byte. */
  readonly text: string
  /** What both say of another document. */
  readonly judge: (text: string) => Judgements
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
  {
    name: 'malformed entity declared behind an unread parameter entity',
    reason:
      'XML 1.0, 5.1 forbids processing such declarations: the unread entity may have declared the same name first. libxml2 processes them.',
    explains: ({ text, refusal, objection, judge }) => {
      if (refusal !== undefined) return false
      const without = withoutUnreadReferences(text)
      if (without === text) return false
      const again = judge(without)
      return again.refusal !== undefined && again.objection === objection
    },
  },
  {
    name: 'NDATA without a name',
    reason: 'Production [76] wants the name of a notation behind NDATA. libxml2 takes nothing for one.',
    explains: ({ text, refusal, objection }) =>
      objection === undefined &&
      refusal !== undefined &&
      /a notation's name is expected/.test(refusal) &&
      /NDATA\s+>/.test(text),
  },
  {
    name: 'what libxml2 overlooks behind an error of namespaces',
    reason:
      'Behind an error of namespaces, which it does not count as fatal, libxml2 reports neither what follows the root element nor that a declaration of the refused prefix is repeated. Without the colons it does.',
    explains: ({ text, refusal, objection, judge }) => {
      if (refusal === undefined || objection !== undefined || !text.includes(':')) return false
      const again = judge(text.replaceAll(':', '_'))
      return again.refusal !== undefined && again.objection !== undefined
    },
  },
  {
    name: 'version 1. without a digit behind it',
    reason: 'Production [26] wants at least one digit behind the point. libxml2 takes none.',
    explains: ({ text, refusal, objection }) =>
      refusal !== undefined && objection === undefined && /^<\?xml\s+version\s*=\s*["']1\.["']/.test(text),
  },
]

/** The name of the kind of disagreement; undefined when nobody has explained it. */
export function explanation(trial: Trial): string | undefined {
  return DISAGREEMENTS.find(({ explains }) => explains(trial))?.name
}

/** The document without its references to parameter entities that are external or not declared before them. */
export function withoutUnreadReferences(text: string): string {
  return text.replace(/%([^\s;%&"'<>]+);/g, (reference, name: string, at: number) => {
    const declaration = text.slice(0, at).match(/<!ENTITY\s+%\s+(\S+)\s+["']/g) ?? []
    return declaration.some((start) => start.split(/\s+/)[2] === name) ? reference : ''
  })
}
