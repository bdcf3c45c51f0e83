import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { MillError } from '../../src/errors.ts'
import { createEngine, type EngineOptions } from '../../workers/xml/engine/engine.ts'
import type { Parser } from '../../workers/xml/parser.ts'
import { cut, ENGINE_DEFAULTS, millPieces, millWithXml } from '../support/engine-lines.ts'
import { between, pick, seededRandom } from '../support/seeded-random.ts'
import { temporaryFile } from '../support/temporary-file.ts'
import { randomDocument } from '../support/xml-documents.ts'
import { mutate } from '../support/xml-mutations.ts'

/** `FUZZ_COUNT=1000000 npm test -- test/unit/engine-fuzz.test.ts` takes a quarter of an hour. */
const COUNT = Number(process.env.FUZZ_COUNT ?? 3000)
const FIRST = Number(process.env.FUZZ_SEED ?? 0)
const TIMEOUT_MS = 600_000 + 10 * COUNT

const OPTIONS: readonly Partial<EngineOptions>[] = [
  {},
  { record: ['item'], array: ['item'] },
  { record: ['item', '//b', '/*/*'], nested: true, withAttributesOf: 'ancestors', envelope: true },
  { shape: 'ordered' },
  { shape: 'xml', record: ['item', 'a', 'b'], nested: true, withAttributesOf: 'ancestors', envelope: true },
  { stripNamespaces: true, values: true, attributePrefix: '', textKey: 'b' },
  { namespaces: 'strict', noAttributes: true },
  { record: ['{urn:p}*', 'a/b'], shape: 'xml', maxRecordBytes: 1000 },
  { record: ['*'], nested: true, shape: 'ordered', attributePrefix: '_' },
  { select: ['a', 'item.b', '@_id', 'title.#text', 'b.@_n'] },
  { record: ['item', '//b', '/*/*'], nested: true, envelope: true, withXml: true },
  { record: ['item', 'a'], envelope: true, withXml: true, maxRecordBytes: 1000, shape: 'xml' },
]

/** What a document gives, or the code and place of its error; anything but a MillError is the engine's own fault. */
function outcome(parser: Parser, pieces: Iterable<Uint8Array>, hasXml = false): string {
  try {
    if (hasXml) {
      const lines = millWithXml(parser, pieces)
      for (const { xml, line } of lines)
        expect([xml?.at(0), xml?.at(-1), JSON.parse(line)]).toMatchObject(['<', '>', {}])
      return JSON.stringify([lines])
    }
    const { lines, notes } = millPieces(parser, pieces)
    for (const line of lines) JSON.parse(line)
    return JSON.stringify([lines, notes])
  } catch (error) {
    if (!(error instanceof MillError) || error.code === 'INTERNAL') throw error
    // Which of several faults is met first may depend on the pieces where a limit on memory is among them.
    return error.code === 'RECORD_TOO_LARGE' ? 'refused' : `${error.code} ${JSON.stringify(error.details)}`
  }
}

/** Pieces end between characters, as the decoder's do. */
function* characters(text: string, most: number, seed: number): Generator<Uint8Array> {
  const random = seededRandom(seed)
  const all = [...text]
  for (let from = 0; from < all.length; ) {
    const to = from + between(random, 1, most)
    yield Buffer.from(all.slice(from, to).join(''))
    from = to
  }
}

test(
  'no mutated document breaks an assertion of the engine, or is read otherwise when it is cut otherwise',
  async () => {
    await using debug = await temporaryFile('', 'engine-debug.wasm')
    const script = fileURLToPath(new URL('../../scripts/build-engine.ts', import.meta.url))
    execFileSync(process.execPath, [script, '--debug', '--out', debug.path])
    const module = new WebAssembly.Module(readFileSync(debug.path))
    const engines = OPTIONS.map((options) => createEngine({ ...ENGINE_DEFAULTS, maxDepth: 64, ...options }, module))
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
    let accepted = 0
    for (let seed = FIRST; seed < FIRST + COUNT; seed++) {
      const random = seededRandom(seed)
      let bytes: Uint8Array = Buffer.from(
        randomDocument(random, { maxDepth: between(random, 2, 5), recordName: 'item' }),
      )
      for (let times = between(random, 0, 3); times > 0; times--) bytes = mutate(bytes, random).bytes
      const text = decoder.decode(bytes)
      const engine = engines[seed % engines.length] ?? createEngine(ENGINE_DEFAULTS)
      const hasXml = OPTIONS[seed % engines.length]?.withXml === true
      const whole = outcome(engine, [Buffer.from(text)], hasXml)
      const inPieces = outcome(engine, characters(text, pick(random, [1, 2, 7, 50]), seed), hasXml)
      if (whole !== 'refused' && inPieces !== 'refused') expect(inPieces, `seed ${seed}: ${text}`).toBe(whole)
      if (whole.startsWith('[')) accepted++
    }
    expect(accepted).toBeGreaterThan(COUNT / 10)
  },
  TIMEOUT_MS,
)

test('a cut-off instruction with a colon in its target is one and the same error in whatever pieces it came', () => {
  const engine = createEngine({ ...ENGINE_DEFAULTS, namespaces: 'strict' })
  const text = '<?a:b c'
  const errors = new Set<string>()
  for (let cuts = 0; cuts < 2 ** text.length; cuts++) {
    const pieces = text
      .replace(/./g, (character, at) => (((cuts >> at) & 1) === 1 ? `${character}|` : character))
      .split('|')
    errors.add(
      outcome(
        engine,
        pieces.map((piece) => Buffer.from(piece)),
      ),
    )
  }
  expect([...errors]).toEqual([expect.stringContaining('XML_NAMESPACE_INVALID')])
})

test('bytes that are no document at all are refused, whatever they are', () => {
  const engine = createEngine({ ...ENGINE_DEFAULTS, namespaces: 'strict' })
  const alphabet = [
    '<',
    '>',
    '/',
    '!',
    '[',
    ']',
    '-',
    '?',
    '&',
    ';',
    '"',
    "'",
    '=',
    ' ',
    'a',
    'CDATA',
    'DOCTYPE',
    '<!--',
    '#',
  ]
  for (let seed = 0; seed < 3000; seed++) {
    const random = seededRandom(seed)
    const text = Array.from({ length: between(random, 0, 40) }, () => pick(random, ['<', ...alphabet])).join('')
    const whole = outcome(engine, [Buffer.from(text)])
    expect(outcome(engine, cut(Buffer.from(text), random, 3)), text).toBe(whole)
  }
})
