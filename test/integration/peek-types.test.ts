/** The types that peek prints, held against what the engine writes. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ElementProfile } from '../../src/channel/document-profile.ts'
import { localName } from '../../src/peek/places.ts'
import { rootElement, suggest } from '../../src/peek/suggestions.ts'
import { toJsonSchema } from '../../src/peek/types/json-schema.ts'
import { type ShapeOptions, typeOf } from '../../src/peek/types/record-type.ts'
import type { TypedRecords } from '../../src/peek/types/typed-records.ts'
import { toTypeScript } from '../../src/peek/types/typescript.ts'
import { ProfileReader } from '../../workers/peek/reader.ts'
import { createEngine } from '../../workers/xml/engine/engine.ts'
import { DOCUMENT_KINDS } from '../support/document-kinds.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { type MilledRecord, millBytes } from '../support/xml-milling.ts'

const DEFAULTS: ShapeOptions = {
  array: [],
  attributePrefix: '@_',
  textKey: '#text',
  noAttributes: false,
  stripNamespaces: false,
  values: false,
  shape: 'json',
  envelope: true,
}

function profile(xml: string): ElementProfile {
  const reader = new ProfileReader(256)
  reader.write(xml)
  const { tree } = reader.finish(true)
  expect(reader.fault).toBeUndefined()
  return tree
}

function typed(element: ElementProfile, options: ShapeOptions): TypedRecords {
  const name = options.stripNamespaces ? localName(element.name) : element.name
  return { name, isOneName: true, type: typeOf(element, options), origin: 'Made for a test.' }
}

function arraysOf(arrays: readonly { readonly name: string }[], { stripNamespaces }: Partial<ShapeOptions>): string[] {
  return arrays.map(({ name }) => (stripNamespaces === true ? localName(name) : name))
}

/** Lines as the engine writes them. */
function lines(xml: string, record: readonly string[], options: ShapeOptions) {
  const engine = createEngine({ ...options, record, maxDepth: 256, maxRecordBytes: 1 << 20 })
  const milled = millBytes(engine, Buffer.from(xml))
  if (!milled.ok) throw new Error(milled.failure.message)
  return milled.records.map((one: MilledRecord, n) => ({ url: 'file:///document.xml', n, ...one }))
}

const VARIANTS: readonly Partial<ShapeOptions>[] = [
  {},
  { values: true },
  { noAttributes: true },
  { attributePrefix: '$', textKey: 'text' },
  { stripNamespaces: true },
]

test('TypeScript takes the milled records for what the printed type says', async () => {
  using folder = temporaryFolder()
  const files: string[] = []
  for (const [kind, { xml }] of DOCUMENT_KINDS.entries()) {
    for (const [variant, changed] of VARIANTS.entries()) {
      const { record, element, arrays } = suggest(profile(xml))
      const options = { ...DEFAULTS, ...changed, array: arraysOf(arrays, changed) }
      const code = toTypeScript(typed(element, options), options)
      const line = /export interface (\w+Line) /.exec(code)?.[1]
      const literals = lines(xml, record, options).map((one) => JSON.stringify(one))
      files.push(`kind${kind}-${variant}.ts`)
      folder.write(
        `kind${kind}-${variant}.ts`,
        `${code}\nexport const lines: ${line}[] = [\n${literals.join(',\n')}\n]\n`,
      )
    }
  }
  // What the type does not say is refused: the compiler looks at every one of them.
  folder.write(
    'wrong.ts',
    `import type { Row } from './kind9-0.ts'\nexport const row: Row = { field: 'not an array' }\n`,
  )
  const tsc = fileURLToPath(new URL('../../node_modules/.bin/tsc', import.meta.url))
  const flags = [
    '--noEmit',
    '--strict',
    '--exactOptionalPropertyTypes',
    '--allowImportingTsExtensions',
    '--ignoreConfig',
  ]
  const compiled = await promisify(execFile)(tsc, [...flags, ...files, 'wrong.ts'], { cwd: folder.path }).catch(
    (error: { readonly stdout: string }) => error,
  )
  expect(compiled.stdout.split('\n').filter((text) => /error TS/.test(text))).toEqual([
    expect.stringMatching(/^wrong\.ts.*error TS2322/),
  ])
})

test.each(DOCUMENT_KINDS)('the JSON Schema fits the milled records of $name', ({ xml }) => {
  for (const changed of VARIANTS) {
    const { record, element, arrays } = suggest(profile(xml))
    const options = { ...DEFAULTS, ...changed, array: arraysOf(arrays, changed) }
    const schema: Schema = JSON.parse(toJsonSchema(typed(element, options), options))
    expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema')
    for (const line of lines(xml, record, options)) expect(satisfies(line, schema), JSON.stringify(line)).toBe(true)
    expect(satisfies({ url: 'u', n: 0, name: 'other', record: {} }, schema)).toBe(false)
    expect(satisfies({ url: 'u', n: 0, name: localName(element.name), record: 7 }, schema)).toBe(false)
  }
})

/** Elements of few names, so that they meet in every combination, with the texts and attributes that make a difference. */
const element: fc.Arbitrary<string> = fc.letrec<{ element: string }>((tie) => ({
  element: fc
    .record({
      name: fc.constantFrom('a', 'b', 'n:c'),
      attributes: fc.subarray([' x="1"', ' n:y="007"', ' xmlns:o="urn:o"']),
      content: fc.array(
        fc.oneof(
          { maxDepth: 4, withCrossShrink: true },
          fc.constantFrom('', ' ', 'text', '12', '1.10', 'true', '<![CDATA[]]>', '<!-- c -->'),
          tie('element'),
        ),
        { maxLength: 4 },
      ),
    })
    .map(({ name, attributes, content }) => `<${name}${attributes.join('')}>${content.join('')}</${name}>`),
})).element

test('the JSON Schema fits whatever documents there are, in every shape', () => {
  fc.assert(
    fc.property(
      fc.array(element, { maxLength: 6 }),
      fc.constantFrom(...VARIANTS),
      fc.subarray(['a', 'b']),
      (elements, changed, array) => {
        const xml = `<r xmlns:n="urn:n">${elements.join('')}</r>`
        const options = { ...DEFAULTS, ...changed, array }
        const schema: Schema = JSON.parse(toJsonSchema(typed(rootElement(profile(xml)), options), options))
        const [line] = lines(xml, [], options)
        expect(satisfies(line, schema), JSON.stringify(line)).toBe(true)
      },
    ),
    { numRuns: 1000 },
  )
})

interface Schema {
  readonly [keyword: string]: unknown
  readonly type?: string | readonly string[]
  readonly const?: unknown
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
}

/** The keywords that are used here, after JSON Schema 2020-12; stricter in one thing: it knows no property that is not named. */
function satisfies(value: unknown, schema: Schema): boolean {
  if (schema.anyOf !== undefined) return schema.anyOf.some((one) => satisfies(value, one))
  if (schema.const !== undefined && value !== schema.const) return false
  if (schema.type !== undefined && ![schema.type].flat().includes(typeName(value, schema.type))) return false
  if (Array.isArray(value)) return value.every((item) => schema.items === undefined || satisfies(item, schema.items))
  if (typeof value !== 'object' || value === null) return true
  const members = Object.entries(value)
  if (schema.required?.some((name) => !Object.hasOwn(value, name))) return false
  return members.every(([name, member]) => {
    const one = Object.hasOwn(schema.properties ?? {}, name) ? schema.properties?.[name] : undefined
    return one !== undefined && satisfies(member, one)
  })
}

function typeName(value: unknown, wanted: string | readonly string[]): string {
  if (Array.isArray(value)) return 'array'
  if (wanted === 'integer' && Number.isInteger(value)) return 'integer'
  return value === null ? 'null' : typeof value
}
