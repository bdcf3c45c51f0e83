/** Which encoding a label means, and how bytes of it become UTF-8. */

/** How one encoding's bytes are read. */
export type Encoding = {
  /** IANA name, lower case. */
  readonly name: string
} & (
  | { readonly kind: 'utf-8' | 'utf-16le' | 'utf-16be' | 'latin1' }
  /** UTF-8 bytes of each of the 256 bytes; undefined where the encoding has no character. */
  | { readonly kind: 'single-byte'; readonly table: readonly (Uint8Array | undefined)[] }
  /** Read by a TextDecoder with this label. */
  | { readonly kind: 'multi-byte'; readonly label: string }
)

const ASCII_LABELS = new Set([
  'us-ascii',
  'ascii',
  'us',
  'ansi_x3.4-1968',
  'ansi_x3.4-1986',
  'iso646-us',
  'iso_646.irv:1991',
  'iso-ir-6',
  'cp367',
  'ibm367',
  'csascii',
])

/**
 * The ISO encodings that the WHATWG standard reads as Windows code pages, which differ in 0x80-0x9F: browsers need that,
 * XML means what IANA registered. The labels are those of the code page itself; any other label is the ISO encoding.
 */
const ISO_UNDER_WINDOWS = new Map([
  ['windows-1252', { iso: 'iso-8859-1', windows: new Set(['windows-1252', 'cp1252', 'x-cp1252']) }],
  ['windows-1254', { iso: 'iso-8859-9', windows: new Set(['windows-1254', 'cp1254', 'x-cp1254']) }],
  ['windows-874', { iso: 'iso-8859-11', windows: new Set(['windows-874', 'dos-874']) }],
])

const MULTI_BYTE = new Set(['shift_jis', 'euc-jp', 'iso-2022-jp', 'gbk', 'gb18030', 'big5', 'euc-kr'])

/** IANA labels that the WHATWG standard does not list. */
const MORE_LABELS = new Map([
  ['latin-1', 'iso-8859-1'],
  ['windows-31j', 'shift_jis'],
  ['cp932', 'shift_jis'],
  ['cp936', 'gbk'],
  ['cp949', 'euc-kr'],
  ['utf8', 'utf-8'],
])

/** The encoding that a label names, or undefined when it is not known here. The label is taken in any case. */
export function findEncoding(label: string): Encoding | undefined {
  const lower = label.trim().toLowerCase()
  const asked = MORE_LABELS.get(lower) ?? lower
  if (ASCII_LABELS.has(asked)) return { name: 'us-ascii', kind: 'single-byte', table: cached('us-ascii', asciiTable) }
  // Without a mark big-endian is RFC 2781's answer, but the bytes tell better: see `decoder.ts`.
  if (asked === 'utf-16') return { name: 'utf-16', kind: 'utf-16be' }
  const name = whatwgName(asked)
  if (name === undefined) return undefined
  if (name === 'utf-8' || name === 'utf-16le' || name === 'utf-16be') return { name, kind: name }
  if (MULTI_BYTE.has(name)) return { name, kind: 'multi-byte', label: name }
  const alias = ISO_UNDER_WINDOWS.get(name)
  if (alias === undefined || alias.windows.has(asked))
    return { name, kind: 'single-byte', table: cached(name, () => singleByteTable(name)) }
  if (alias.iso === 'iso-8859-1') return { name: alias.iso, kind: 'latin1' }
  return { name: alias.iso, kind: 'single-byte', table: cached(alias.iso, () => withC1Controls(singleByteTable(name))) }
}

const tables = new Map<string, readonly (Uint8Array | undefined)[]>()

function cached(name: string, make: () => (Uint8Array | undefined)[]): readonly (Uint8Array | undefined)[] {
  const table = tables.get(name) ?? make()
  tables.set(name, table)
  return table
}

function whatwgName(label: string): string | undefined {
  try {
    return new TextDecoder(label).encoding
  } catch {
    return undefined
  }
}

function asciiTable(): (Uint8Array | undefined)[] {
  return Array.from({ length: 256 }, (_, byte) => (byte < 0x80 ? Uint8Array.of(byte) : undefined))
}

function singleByteTable(name: string): (Uint8Array | undefined)[] {
  const decoder = new TextDecoder(name, { fatal: true })
  return Array.from({ length: 256 }, (_, byte) => {
    try {
      return Buffer.from(decoder.decode(Uint8Array.of(byte)), 'utf8')
    } catch {
      return undefined
    }
  })
}

function withC1Controls(table: (Uint8Array | undefined)[]): (Uint8Array | undefined)[] {
  return table.map((utf8, byte) => (byte >= 0x80 && byte < 0xa0 ? Uint8Array.of(0xc2, byte) : utf8))
}
