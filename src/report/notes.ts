/** What the notes of documents mean, in plain words: what the output does not carry, and what was read otherwise than it says. */
import type { Summary } from './summary-fold.ts'

/** A note as a reader sees it. */
export interface NoteExplanation {
  /** After a count: `12 unresolved entities`, `1 unresolved entity`. */
  readonly title: string
  /** One or two sentences: what happened, and what to do where it matters. */
  readonly explanation: string
}

/** A note with how often it was made. */
export interface CountedNote extends NoteExplanation {
  readonly name: string
  readonly count: number
}

/** Names in a sentence; a file of --summary has all. */
const SHOWN_NAMES = 12

/** By the names that parsers, decoder and transform count them under. */
const NOTES: Readonly<Record<string, NoteExplanation & { readonly single: string }>> = {
  fromCache: {
    single: 'document out of the cache',
    title: 'documents out of the cache',
    explanation: 'They were not downloaded: the server said that they are unchanged, or --offline was set.',
  },
  notCached: {
    single: 'document not kept in the cache',
    title: 'documents not kept in the cache',
    explanation: 'They were milled, but the directory of --cache could not take them. Check its space and permissions.',
  },
  unresolvedEntities: {
    single: 'unresolved entity',
    title: 'unresolved entities',
    explanation:
      'References such as &dagger; whose declaration stands in an external DTD, which is never fetched, are left in the text as they were written.',
  },
  unboundPrefixes: {
    single: 'name with an undeclared prefix',
    title: 'names with an undeclared prefix',
    explanation:
      'Elements or attributes carry a namespace prefix that nothing declares. Their names are kept as they were written.',
  },
  namespaceErrors: {
    single: 'breach of the rules of namespaces',
    title: 'breaches of the rules of namespaces',
    explanation:
      'The XML is well-formed, but namespaces are used in a way that Namespaces in XML forbids. Names are kept as they were written.',
  },
  mixedContent: {
    single: 'element with text between its children',
    title: 'elements with text between their children',
    explanation:
      'The json shape keeps the text and the children, and not where the text stood between them. --shape ordered keeps their order, --shape xml the white space around them as well.',
  },
  childrenRegrouped: {
    single: 'element whose children changed places',
    title: 'elements whose children changed places',
    explanation:
      'Children of one name stood apart (a b a) and stand in one array now. --shape ordered and --shape xml keep their order.',
  },
  commentsDropped: {
    single: 'comment left out',
    title: 'comments left out',
    explanation: 'They stood inside of records. --shape xml keeps them.',
  },
  reducedInstructions: {
    single: 'processing instruction shortened',
    title: 'processing instructions shortened',
    explanation:
      'Of an instruction inside of a record its name and what looks like attributes is kept, and no other text. --shape xml keeps it whole.',
  },
  keyCollisions: {
    single: 'value left out because another has its key',
    title: 'values left out because another has their key',
    explanation:
      'With --strip-namespaces, or an --attribute-prefix or --text-key that names can have, two parts of a record get the same key: an attribute stays before text, text before children, the later of two attributes before the earlier.',
  },
  encodingRedeclared: {
    single: 'contradictory encoding',
    title: 'contradictory encodings',
    explanation:
      'Byte order mark, HTTP header and XML declaration do not name the same encoding. The first of these that fits the bytes was taken (RFC 7303, section 3).',
  },
  utf16WithoutBom: {
    single: 'document in UTF-16 without a byte order mark',
    title: 'documents in UTF-16 without a byte order mark',
    explanation: 'The order of bytes was seen from the first characters.',
  },
  droppedByTransform: {
    single: 'record left out by the transform',
    title: 'records left out by the transform',
    explanation: 'The transform returned nothing for them, which leaves them out of the output.',
  },
}

/** All that is to be known of a run's data, the most frequent first. */
export function dataNotes({ notes, varying }: Pick<Summary, 'notes' | 'varying'>): readonly CountedNote[] {
  const counted = Object.entries(notes)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => ({ name, count, ...explainNote(name, count) }))
  return varying.length === 0 ? counted : [...counted, varyingNote(varying)]
}

function varyingNote(names: readonly string[]): CountedNote {
  const shown = names.slice(0, SHOWN_NAMES)
  const more = names.length > shown.length ? ` and ${names.length - shown.length} more` : ''
  const [subject, verb] = names.length === 1 ? ['it an array', 'It is'] : ['them arrays', 'They are']
  return {
    name: 'varying',
    count: names.length,
    title:
      names.length === 1
        ? 'element that is single here and an array there'
        : 'elements that are single here and arrays there',
    explanation: `${shown.join(', ')}${more}. ${verb} a value where there is one and an array where there are several. --array ${shown.join(',')} makes ${subject} everywhere.`,
  }
}

/** Any name: one that is not in the table is shown as its words. */
function explainNote(name: string, count: number): NoteExplanation {
  if (Object.hasOwn(NOTES, name)) {
    const known = NOTES[name]
    if (known !== undefined) return { title: count === 1 ? known.single : known.title, explanation: known.explanation }
  }
  return { title: name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`), explanation: '' }
}
