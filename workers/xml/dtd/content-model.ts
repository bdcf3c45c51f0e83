import type { Cursor } from './cursor.ts'

/**
 * Reads the contentspec of an element declaration: EMPTY, ANY, Mixed or children. XML 1.0, productions [46] to [51].
 * A processor that does not validate has no use for it but to see that it is well-formed.
 */
export function skipContentModel(cursor: Cursor): void {
  if (cursor.accept('EMPTY') || cursor.accept('ANY')) return
  cursor.expect('(', 'an element declaration without EMPTY or ANY')
  cursor.skipSpace()
  if (cursor.accept('#PCDATA')) skipMixed(cursor)
  else skipChildren(cursor)
}

function skipMixed(cursor: Cursor): void {
  let names = 0
  cursor.skipSpace()
  while (cursor.accept('|')) {
    cursor.skipSpace()
    cursor.name("an element's name")
    names++
    cursor.skipSpace()
  }
  cursor.expect(')', 'mixed content')
  if (names > 0) cursor.expect('*', 'mixed content with element names')
  else cursor.accept('*')
}

/** Groups open at once are held in an array, not on the call stack: a hostile model may nest a million. */
function skipChildren(cursor: Cursor): void {
  /** For each open group: its separator, once seen. */
  const groups: ('' | ',' | '|')[] = ['']
  for (;;) {
    cursor.skipSpace()
    if (cursor.accept('(')) {
      groups.push('')
      continue
    }
    cursor.name("an element's name or a group")
    skipQuantifier(cursor)
    cursor.skipSpace()
    while (cursor.accept(')')) {
      groups.pop()
      skipQuantifier(cursor)
      if (groups.length === 0) return
      cursor.skipSpace()
    }
    skipSeparator(cursor, groups)
  }
}

function skipSeparator(cursor: Cursor, groups: ('' | ',' | '|')[]): void {
  const separator = cursor.sees('|') ? '|' : ','
  const before = groups.at(-1) ?? ''
  if (before !== '' && cursor.sees(separator) && before !== separator) {
    throw cursor.error('a group of a content model has either "," or "|" between its parts, not both')
  }
  if (!cursor.accept(separator)) throw cursor.error(`a content model needs ",", "|" or ")" here, not ${cursor.found()}`)
  groups[groups.length - 1] = separator
}

function skipQuantifier(cursor: Cursor): void {
  if (cursor.sees('?') || cursor.sees('*') || cursor.sees('+')) cursor.at++
}
