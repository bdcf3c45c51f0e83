import { isUtf8 } from 'node:buffer'
import { expect, test } from 'vitest'
import { MillError } from '../../src/errors.ts'
import { createDecoder } from '../../workers/charset/decoder.ts'

function decode(
  bytes: Uint8Array,
  { charset, chunkBytes = bytes.length }: { charset?: string; chunkBytes?: number } = {},
) {
  const decoder = createDecoder(charset)
  const parts: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    // A fresh copy, overwritten afterwards, as a socket's buffer may be.
    const chunk = Uint8Array.from(bytes.subarray(at, at + chunkBytes))
    const part = Buffer.from(decoder.decode(chunk))
    expect(isUtf8(part)).toBe(true)
    parts.push(part)
    chunk.fill(0x21)
  }
  parts.push(Buffer.from(decoder.end()))
  return {
    text: Buffer.concat(parts).toString(),
    encoding: decoder.encoding,
    notes: decoder.notes,
    bom: decoder.bomBytes,
  }
}

function failure(run: () => unknown): MillError {
  try {
    run()
  } catch (error) {
    if (error instanceof MillError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

const UTF16BE = (text: string) => Buffer.from(text, 'utf16le').swap16()
const UTF16LE = (text: string) => Buffer.from(text, 'utf16le')
const BOM = '\uFEFF'

test.each([1, 2, 3, 5, 7, 1000])('reads UTF-8 in chunks of %i bytes', (chunkBytes) => {
  const text = '<a>é€𝄞 <b/>\u{10FFFF}ÿ</a>'
  expect(decode(Buffer.from(text), { chunkBytes })).toEqual({ text, encoding: 'utf-8', notes: {}, bom: 0 })
  expect(decode(Buffer.from(BOM + text), { chunkBytes })).toEqual({ text, encoding: 'utf-8', notes: {}, bom: 3 })
})

test('passes UTF-8 on without copying it', () => {
  const decoder = createDecoder(undefined)
  decoder.decode(Buffer.from('<?xml version="1.0"?><a>'))
  const chunk = Buffer.from('plain € text')
  expect(decoder.decode(chunk)).toBe(chunk)
})

test.each([1, 2, 3, 64])(
  'reads UTF-16 of both orders, with and without a mark, in chunks of %i bytes',
  (chunkBytes) => {
    const text = '<?xml version="1.0" encoding="UTF-16"?><a b="é">€𝄞</a>'
    expect(decode(UTF16LE(BOM + text), { chunkBytes })).toEqual({ text, encoding: 'utf-16le', notes: {}, bom: 2 })
    expect(decode(UTF16BE(BOM + text), { chunkBytes })).toEqual({ text, encoding: 'utf-16be', notes: {}, bom: 2 })
    const notes = { utf16WithoutBom: 1 }
    expect(decode(UTF16LE(text), { chunkBytes })).toEqual({ text, encoding: 'utf-16le', notes, bom: 0 })
    expect(decode(UTF16BE(text), { chunkBytes })).toEqual({ text, encoding: 'utf-16be', notes, bom: 0 })
  },
)

test.each([1, 13, 1000])('reads what the XML declaration names, in chunks of %i bytes', (chunkBytes) => {
  const head = (label: string) => `<?xml version='1.0' encoding = '${label}' ?>`
  const body = Buffer.from([0x3c, 0x61, 0x3e, 0xe9, 0x80, 0x3c, 0x2f, 0x61, 0x3e])
  const read = (label: string) => {
    const { text, encoding } = decode(Buffer.concat([Buffer.from(head(label)), body]), { chunkBytes })
    return [text.slice(head(label).length), encoding]
  }
  expect(read('ISO-8859-1')).toEqual(['<a>é\u0080</a>', 'iso-8859-1'])
  expect(read('latin1')).toEqual(['<a>é\u0080</a>', 'iso-8859-1'])
  expect(read('Windows-1252')).toEqual(['<a>é€</a>', 'windows-1252'])
  expect(read('ISO-8859-9')).toEqual(['<a>é\u0080</a>', 'iso-8859-9'])
  expect(read('windows-1251')).toEqual(['<a>йЂ</a>', 'windows-1251'])
  expect(read('KOI8-R')).toEqual(['<a>И─</a>', 'koi8-r'])
})

test.each([1, 2, 1000])('reads encodings of more than one byte a character in chunks of %i bytes', (chunkBytes) => {
  const shiftJis = Buffer.from([0x3c, 0x61, 0x3e, 0x93, 0xfa, 0x96, 0x7b, 0x3c, 0x2f, 0x61, 0x3e])
  const options = { charset: 'Shift_JIS', chunkBytes }
  expect(decode(shiftJis, options)).toEqual({ text: '<a>日本</a>', encoding: 'shift_jis', notes: {}, bom: 0 })
  const gb18030 = Buffer.from([0x3c, 0x61, 0x3e, 0x81, 0x30, 0x81, 0x30, 0xc8, 0xd5, 0x3c, 0x2f, 0x61, 0x3e])
  expect(decode(gb18030, { charset: 'gb18030', chunkBytes }).text).toBe('<a>\u0080日</a>')
})

test('believes the mark, then the charset, then the declaration, and notes who was overruled', () => {
  const declared = (label: string, text = '<a/>') => Buffer.from(`<?xml version="1.0" encoding="${label}"?>${text}`)
  const marked = Buffer.concat([Buffer.from(BOM), declared('iso-8859-1')])
  const overruled = { encodingRedeclared: 1 }
  expect(decode(marked)).toMatchObject({ encoding: 'utf-8', notes: overruled })
  expect(decode(marked, { charset: 'windows-1252' })).toMatchObject({ encoding: 'utf-8', notes: overruled })
  expect(decode(marked, { charset: 'no-such' })).toMatchObject({ encoding: 'utf-8', notes: overruled })
  expect(decode(declared('iso-8859-1'), { charset: 'UTF-8' })).toMatchObject({ encoding: 'utf-8', notes: overruled })
  expect(decode(declared('utf-8'), { charset: 'iso-8859-2' })).toMatchObject({
    encoding: 'iso-8859-2',
    notes: overruled,
  })
  expect(decode(declared('utf-8'), { charset: '"utf-8"' })).toMatchObject({ encoding: 'utf-8', notes: {} })
  expect(decode(declared('UTF-8'))).toMatchObject({ encoding: 'utf-8', notes: {} })
})

test('passes over a label that says UTF-16 where the bytes are plainly not, and the other way round', () => {
  const text = '<?xml version="1.0" encoding="utf-16"?><a>é</a>'
  const notes = { encodingRedeclared: 1 }
  expect(decode(Buffer.from(text), { charset: 'utf-8' })).toMatchObject({ text, encoding: 'utf-8', notes })
  expect(decode(Buffer.from('<a>é</a>'), { charset: 'utf-16' })).toMatchObject({
    text: '<a>é</a>',
    encoding: 'utf-8',
    notes,
  })
  expect(decode(UTF16LE(`${BOM}<a>é</a>`), { charset: 'utf-8' })).toMatchObject({
    text: '<a>é</a>',
    encoding: 'utf-16le',
    notes,
  })
})

test('refuses a declaration that the bytes contradict where nothing else names the encoding', () => {
  const eightBit = Buffer.from('<?xml version="1.0" encoding="utf-16"?><a/>')
  const sixteenBit = UTF16LE('<?xml version="1.0" encoding="utf-8"?><a/>')
  expect(failure(() => decode(eightBit))).toMatchObject({ code: 'CHARSET_INVALID' })
  expect(failure(() => decode(sixteenBit))).toMatchObject({ code: 'CHARSET_INVALID' })
})

test('refuses UTF-32, EBCDIC and unknown labels by name', () => {
  const utf32 = Buffer.from([0, 0, 0, 0x3c, 0, 0, 0, 0x61])
  expect(failure(() => decode(utf32))).toMatchObject({
    code: 'CHARSET_UNKNOWN',
    message: expect.stringContaining('UTF-32BE'),
  })
  const ebcdic = Buffer.from([0x4c, 0x6f, 0xa7, 0x94, 0x93])
  expect(failure(() => decode(ebcdic))).toMatchObject({
    code: 'CHARSET_UNKNOWN',
    message: expect.stringContaining('EBCDIC'),
  })
  const declared = Buffer.from('<?xml version="1.0" encoding="x-klingon"?><a/>')
  expect(failure(() => decode(declared)).message).toMatch(/XML declaration.*x-klingon/)
  expect(failure(() => decode(Buffer.from('<a/>'), { charset: 'utf-7' })).message).toMatch(/HTTP header.*utf-7/)
})

test.each([1, 4, 64, 10_000])('names the byte that is not of the encoding, in chunks of %i bytes', (chunkBytes) => {
  const place = (bytes: number[] | Buffer, charset?: string) => {
    const error = failure(() => decode(Buffer.from(bytes), { chunkBytes, ...(charset && { charset }) }))
    expect(error.code).toBe('CHARSET_INVALID')
    return error.details.byteOffset
  }
  const long = `<a>${'ä€x'.repeat(333)}`
  const at = Buffer.byteLength(long)
  expect(place(Buffer.concat([Buffer.from(long), Buffer.from([0xff, 0x3c])]))).toBe(at)
  expect(place(Buffer.concat([Buffer.from(long), Buffer.from([0xe2, 0x82, 0x3c, 0x3c])]))).toBe(at)
  expect(place(Buffer.concat([Buffer.from(long), Buffer.from([0x80])]))).toBe(at)
  // Surrogates and overlong forms are no UTF-8 (RFC 3629).
  expect(place(Buffer.concat([Buffer.from(long), Buffer.from([0xed, 0xa0, 0x80, 0x3c])]))).toBe(at)
  expect(place(Buffer.concat([Buffer.from(long), Buffer.from([0xc0, 0x80])]))).toBe(at)
  expect(place(Buffer.concat([Buffer.from(BOM), Buffer.from('<a>'), Buffer.from([0xf8, 0x3c])]))).toBe(6)
  expect(place(Buffer.from('<a>é</a>'), 'us-ascii')).toBe(3)
  expect(place([0x3c, 0x61, 0x3e, 0xa5], 'iso-8859-3')).toBe(3)
  expect(place([0x3c, 0x61, 0x3e, 0x93, 0xfa, 0x93, 0x20, 0x3c], 'shift_jis')).toBe(6)
  expect(place(UTF16LE(`${BOM}<a>\uDC00</a>`))).toBe(8)
  expect(place(UTF16BE(`${BOM}<a>𝄞\uD800</a>`))).toBe(12)
})

test('says that a document is cut when it ends inside a character', () => {
  const cut = [
    [Buffer.from([0x3c, 0x61, 0x3e, 0xe2, 0x82]), undefined, 3],
    [UTF16LE(`${BOM}<a>é`).subarray(0, -1), undefined, 8],
    [UTF16LE(`${BOM}<a>\uD83D`), undefined, 8],
    [Buffer.from([0x3c, 0x61, 0x3e, 0x93]), 'shift_jis', 4],
  ] as const
  for (const [bytes, charset, byteOffset] of cut) {
    const error = failure(() => decode(bytes, charset ? { charset } : {}))
    expect(error).toMatchObject({ code: 'XML_TRUNCATED', details: { byteOffset } })
  }
})

test('takes documents shorter than any mark', () => {
  expect(decode(Buffer.alloc(0))).toMatchObject({ text: '', encoding: 'utf-8' })
  expect(decode(Buffer.from('<'))).toMatchObject({ text: '<', encoding: 'utf-8' })
  expect(decode(Buffer.from('\uFEFF'))).toMatchObject({ text: '', encoding: 'utf-8' })
})

test('stops looking for the end of a declaration after a kibibyte', () => {
  const decoder = createDecoder(undefined)
  const bytes = Buffer.from(`<?xml version="1.0"${' '.repeat(2000)}`)
  expect(decoder.decode(bytes.subarray(0, 1000)).length).toBe(0)
  expect(decoder.decode(bytes.subarray(1000)).length).toBe(bytes.length)
})
