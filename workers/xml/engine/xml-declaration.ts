/** The XML declaration. */

export interface XmlDeclaration {
  readonly version: string
  readonly standalone: boolean
}

/** What is wrong in a declaration, and where in it. */
export class DeclarationError extends Error {
  override readonly name = 'DeclarationError'
  readonly offset: number

  constructor(message: string, offset: number) {
    super(message)
    this.offset = offset
  }
}

const VALUES = {
  version: /^1\.[0-9]+$/,
  encoding: /^[A-Za-z][A-Za-z0-9._-]*$/,
  standalone: /^(?:yes|no)$/,
} as const

const MEANT = {
  version: '1.0',
  encoding: 'the name of an encoding',
  standalone: 'yes or no',
} as const

/**
 * Reads `<?xml … ?>`. XML 1.0 (fifth edition) 2.8 and 4.3.3: version, then perhaps encoding, then perhaps standalone.
 * Whether the encoding is the document's own is the decoder's business.
 * @throws DeclarationError
 */
export function readXmlDeclaration(text: string): XmlDeclaration {
  const found = new Map<string, string>()
  let at = '<?xml'.length
  for (const name of ['version', 'encoding', 'standalone'] as const) {
    const opening = new RegExp(`[ \\t\\r\\n]+${name}[ \\t\\r\\n]*=[ \\t\\r\\n]*(["'])`, 'y')
    opening.lastIndex = at
    const quote = opening.exec(text)?.[1]
    if (quote === undefined) {
      if (name === 'version') throw new DeclarationError('the XML declaration must begin with a version', at)
      continue
    }
    const start = opening.lastIndex
    const end = text.indexOf(quote, start)
    const value = text.slice(start, end)
    if (end < 0 || !VALUES[name].test(value)) {
      throw new DeclarationError(`${name} in the XML declaration must be ${MEANT[name]}, in quotes`, start)
    }
    found.set(name, value)
    at = end + 1
  }
  const rest = /[ \t\r\n]*/y
  rest.lastIndex = at
  rest.test(text)
  if (!text.startsWith('?>', rest.lastIndex)) {
    throw new DeclarationError(
      'the XML declaration has something else than version, encoding and standalone, or not in that order',
      rest.lastIndex,
    )
  }
  return { version: found.get('version') ?? '1.0', standalone: found.get('standalone') === 'yes' }
}
