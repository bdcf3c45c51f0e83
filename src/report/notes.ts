/** What the notes of documents mean, in plain words. */

/** A note as a reader sees it. */
export interface NoteExplanation {
  /** After a count: `12 unresolved entities`. */
  readonly title: string
  /** One or two sentences: what happened, and what to do where it matters. */
  readonly explanation: string
}

/** By the names that parsers, decoder and transform count them under. */
const NOTES: Readonly<Record<string, NoteExplanation>> = {
  fromCache: {
    title: 'documents out of the cache',
    explanation: 'They were not downloaded: the server said that they are unchanged, or --offline was set.',
  },
  notCached: {
    title: 'documents not kept in the cache',
    explanation: 'They were milled, but the directory of --cache could not take them. Check its space and permissions.',
  },
  unresolvedEntities: {
    title: 'unresolved entities',
    explanation:
      'References such as &dagger; whose declaration stands in an external DTD, which is never fetched, are left in the text as they were written.',
  },
  unboundPrefixes: {
    title: 'names with an undeclared prefix',
    explanation:
      'Elements or attributes carry a namespace prefix that nothing declares. Their names are kept as they were written.',
  },
  namespaceErrors: {
    title: 'breaches of the rules of namespaces',
    explanation:
      'The XML is well-formed, but namespaces are used in a way that Namespaces in XML forbids. Names are kept as they were written.',
  },
  reducedInstructions: {
    title: 'processing instructions shortened',
    explanation:
      'fast-xml-parser cannot read instructions with a lone quote in them: it is given their names without their text.',
  },
  keyCollisions: {
    title: 'values left out because another has their key',
    explanation:
      'With --strip-namespaces, or an --attribute-prefix or --text-key that names can have, two parts of a record get the same key: an attribute stays before text, text before children, the later of two attributes before the earlier.',
  },
  encodingRedeclared: {
    title: 'contradictory encodings',
    explanation:
      'Byte order mark, HTTP header and XML declaration do not name the same encoding. The first of these that fits the bytes was taken (RFC 7303, section 3).',
  },
  utf16WithoutBom: {
    title: 'documents in UTF-16 without a byte order mark',
    explanation: 'The order of bytes was seen from the first characters.',
  },
  droppedByTransform: {
    title: 'records left out by the transform',
    explanation: 'The transform returned nothing for them, which leaves them out of the output.',
  },
}

/** Any name: one that is not in the table is shown as its words. */
export function explainNote(name: string): NoteExplanation {
  if (Object.hasOwn(NOTES, name)) {
    const known = NOTES[name]
    if (known !== undefined) return known
  }
  return { title: name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`), explanation: '' }
}
