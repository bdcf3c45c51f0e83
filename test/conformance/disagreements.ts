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
  /** What both say of another document, as UTF-8. */
  readonly judge: (text: string) => Judgements
}

interface Disagreement {
  readonly name: string
  readonly reason: string
  /** A document on which both disagree in this way. */
  readonly example: string
  readonly explains: (trial: Trial) => boolean
}

export const DISAGREEMENTS: readonly Disagreement[] = [
  {
    name: 'fragment in a system identifier',
    reason: 'XML 1.0, 4.2.2 calls it an error, not a fatal one: the document is well-formed. libxml2 refuses it.',
    example: '<!DOCTYPE a [<!ENTITY e SYSTEM "e.xml#part">]><a/>',
    explains: ({ refusal, objection }) => refusal === undefined && objection === 'Fragment not allowed',
  },
  {
    name: 'parameter entity in an entity value',
    reason:
      'WFC: PEs in Internal Subset (2.8) forbids the reference. libxml2 sees it only where it expands it, and an undeclared one never.',
    example: '<!DOCTYPE a [<!ENTITY e "%p;">]><a/>',
    explains: ({ refusal, objection }) =>
      objection === undefined &&
      refusal !== undefined &&
      /reference %\S+; cannot stand inside a declaration/.test(refusal),
  },
  {
    name: 'undeclared entity in a default value, a parameter entity reference behind it',
    reason:
      'WFC: Entity Declared (4.1) is about documents that contain no parameter entity reference, wherever it stands. libxml2 judges before it has seen the reference.',
    example: '<!DOCTYPE a [<!ATTLIST a b CDATA "&e;"> %p;]><a/>',
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
    example: '<!DOCTYPE a [%p; <!ENTITY e "<">]><a>&e;</a>',
    explains: ({ text, refusal, objection, judge }) => {
      if (refusal !== undefined) return false
      // References to an empty entity instead: undeclared entities stay as right as they were.
      const readable = withoutUnreadReferences(text, '<!ENTITY % read "">%read;')
      if (readable === text) return false
      const again = judge(readable)
      return again.refusal !== undefined && again.objection === objection
    },
  },
  {
    name: 'NDATA without a name',
    reason: 'Production [76] wants the name of a notation behind NDATA. libxml2 takes nothing for one.',
    example: '<!DOCTYPE a [<!ENTITY e SYSTEM "e" NDATA >]><a/>',
    explains: ({ text, refusal, objection, judge }) => {
      if (refusal === undefined || objection !== undefined || !/NDATA\s+>/.test(text)) return false
      const again = judge(text.replace(/NDATA\s+>/g, 'NDATA n>'))
      return (again.refusal === undefined) === (again.objection === undefined)
    },
  },
  {
    name: 'what libxml2 overlooks behind an error of namespaces',
    reason:
      'Behind an error of namespaces, which it does not count as fatal, libxml2 reports neither what follows the root element nor that a declaration of the refused prefix is repeated. Without colons and xmlns it does.',
    example: '<p:a/>text',
    explains: ({ text, refusal, objection, judge }) => {
      if (refusal === undefined || objection !== undefined) return false
      const without = text.replaceAll(':', '_').replaceAll('xmlns', 'name')
      if (without === text) return false
      const again = judge(without)
      return again.refusal !== undefined && again.objection !== undefined
    },
  },
  {
    name: 'version 1. without a digit behind it',
    reason: 'Production [26] wants at least one digit behind the point. libxml2 takes none.',
    example: '<?xml version="1."?><a/>',
    explains: ({ text, refusal, objection }) =>
      refusal !== undefined && objection === undefined && /^<\?xml\s+version\s*=\s*["']1\.["']/.test(text),
  },
  {
    name: 'a misspelt encoding',
    reason: 'libxml2 leaves out what is neither letter nor digit when it looks for an encoding, and so knows utf--8.',
    example: '<?xml version="1.0" encoding="utf--8"?><a/>',
    explains: ({ text, refusal, objection }) => {
      if (objection !== undefined || refusal?.startsWith('CHARSET_UNKNOWN') !== true) return false
      const name = /^<\?xml[^>]*encoding\s*=\s*["']([^"']+)/.exec(text)?.[1] ?? ''
      return /^(?:utf8|utf16|iso8859\d{1,2})$/.test(name.toLowerCase().replace(/[^a-z0-9]/g, ''))
    },
  },
  {
    name: 'U+FEFF at the start of a text or value',
    reason:
      "libxml2-wasm's strings lose it, from about 16 bytes on: emscripten decodes them by a TextDecoder that takes it for a mark.",
    example: '<a>\ufeffa text of more than 16 bytes</a>',
    explains: ({ text, difference, judge }) =>
      difference !== undefined &&
      text.includes('\ufeff') &&
      judge(text.replaceAll('\ufeff', '')).difference === undefined,
  },
]

/** The name of the kind of disagreement; undefined when nobody has explained it. */
export function explanation(trial: Trial): string | undefined {
  return DISAGREEMENTS.find(({ explains }) => explains(trial))?.name
}

/** The document with something else for its references to parameter entities that are external or not declared before them. */
export function withoutUnreadReferences(text: string, replacement = ''): string {
  return text.replace(/%([^\s;%&"'<>]+);/g, (reference, name: string, at: number) => {
    const declaration = text.slice(0, at).match(/<!ENTITY\s+%\s+(\S+)\s+["']/g) ?? []
    return declaration.some((start) => start.split(/\s+/)[2] === name) ? reference : replacement
  })
}
