/** What a body looks like when it is clearly no XML. */

const MAGIC: readonly (readonly [string, string])[] = [
  ['%PDF-', 'a PDF'],
  ['PK\x03\x04', 'a ZIP archive'],
  ['\x89PNG', 'a PNG image'],
  ['GIF8', 'a GIF image'],
  ['\xff\xd8\xff', 'a JPEG image'],
  ['\x1f\x8b', 'gzip data'],
  ['BZh', 'bzip2 data'],
  ['\xfd7zXZ', 'xz data'],
  ['\x28\xb5\x2f\xfd', 'zstd data'],
  ['7z\xbc\xaf', 'a 7z archive'],
  ['Rar!', 'a RAR archive'],
  ['\xd0\xcf\x11\xe0', 'an Office document'],
  ['SQLite format 3', 'an SQLite database'],
]

/**
 * What the body is instead of XML ("an HTML page", "JSON", …), or undefined when it may be XML. A page with an XML
 * declaration, an XHTML doctype or a namespace on `<html` is XML. White space before the first `<` is left to the parser.
 *
 * @param firstBytes the decompressed body's beginning; 1 KiB tells enough
 */
export function notXml(firstBytes: Uint8Array): string | undefined {
  const bytes = Buffer.from(firstBytes.subarray(0, 4096))
  const binary = bytes.toString('latin1')
  const kind = MAGIC.find(([magic]) => binary.startsWith(magic))?.[1]
  if (kind !== undefined) return kind
  const text = asText(bytes).trimStart()
  if (text === '') return undefined
  if (text.startsWith('<')) return isHtml(text) ? 'an HTML page' : undefined
  // EBCDIC and UTF-32 are for the decoder to refuse by name.
  if (binary.startsWith('\x4c\x6f\xa7\x94') || text.startsWith('\0')) return undefined
  if (/^\{\s*(?:["}]|$)|^\[\s*(?:[[{"\]\d-]|true|false|null|$)/.test(text)) return 'JSON'
  return /[\x00-\x08\x0e-\x1a\x1c-\x1f]/.test(text) ? 'binary data' : 'plain text'
}

function asText(bytes: Buffer): string {
  const even = bytes.subarray(0, bytes.length & ~1)
  const [first, second] = bytes
  const start = bytes.toString('latin1', 0, 2)
  if (first === 0xff && second === 0xfe && bytes.length > 2) return even.subarray(2).toString('utf16le')
  if (first === 0xfe && second === 0xff) return even.swap16().subarray(2).toString('utf16le')
  if (/^[<\s]\0/.test(start)) return even.toString('utf16le')
  if (/^\0[<\s]/.test(start)) return even.swap16().toString('utf16le')
  return bytes.toString('utf8').replace(/^\uFEFF/, '')
}

function isHtml(text: string): boolean {
  const start = text.replace(/^(?:<!--[\s\S]*?-->\s*)+/, '')
  const root = /<html\b[^>]*/i.exec(start)?.[0]
  if (root !== undefined && /\sxmlns\s*=/.test(root)) return false
  if (/^<html[\s>]/i.test(start)) return true
  const doctype = /^<!doctype\s+html\b[^>]*/i.exec(start)?.[0]
  return doctype !== undefined && !/XHTML/.test(doctype)
}
