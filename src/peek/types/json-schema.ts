/** The inferred shape of records as JSON Schema, draft 2020-12. Says what was seen; it forbids nothing that was not. */
import { appearance } from '../suggestions.ts'
import { type JsonType, jsonTypesOf, type Property, type ShapeOptions } from './record-type.ts'
import type { TypedRecords } from './typed-records.ts'

interface Schema {
  readonly [keyword: string]: unknown
}

export function toJsonSchema(records: TypedRecords, options: ShapeOptions): string {
  const record = recordSchema(records.type, options)
  const head = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: records.name,
    description: records.origin,
  }
  const name = records.isOneName ? { const: records.name } : { type: 'string' }
  const line = {
    type: 'object',
    properties: { url: { type: 'string' }, n: { type: 'integer', minimum: 0 }, name, record },
    required: ['url', 'n', 'name', 'record'],
  }
  return `${JSON.stringify({ ...head, ...(options.envelope ? line : record) }, null, 2)}\n`
}

function recordSchema(type: JsonType, options: ShapeOptions): Schema {
  if (options.shape === 'xml') return { type: 'string', contentMediaType: 'application/xml' }
  // Nodes in document order, each an object with its name as a key.
  if (options.shape === 'ordered') return { type: 'object' }
  return schemaOf(type, options)
}

function schemaOf({ text, properties }: JsonType, options: ShapeOptions): Schema {
  const alternatives: Schema[] = []
  if (text !== undefined) alternatives.push(textSchema(text, options))
  if (properties !== undefined) alternatives.push(objectSchema(properties, options))
  const [only] = alternatives
  return alternatives.length === 1 && only !== undefined ? only : { anyOf: alternatives }
}

const FORMATS = {
  date: 'date',
  datetime: undefined,
  integer: undefined,
  number: undefined,
  boolean: undefined,
} as const

function textSchema(text: NonNullable<JsonType['text']>, options: ShapeOptions): Schema {
  const types = jsonTypesOf(text, options.values)
  const type = types.length === 1 ? types[0] : types
  // Only where nothing else was seen, not even an empty text. `date-time` would ask for a time zone, which many leave out.
  const looksLike = text.kinds.empty === undefined ? appearance(text) : undefined
  const format = looksLike === undefined ? undefined : FORMATS[looksLike]
  return { type, ...(format !== undefined && { format }), ...(text.samples.length > 0 && { examples: text.samples }) }
}

function objectSchema(properties: readonly Property[], options: ShapeOptions): Schema {
  const required = properties.filter(({ isOptional }) => !isOptional).map(({ key }) => key)
  return {
    type: 'object',
    properties: Object.fromEntries(properties.map((property) => [property.key, propertySchema(property, options)])),
    ...(required.length > 0 && { required }),
  }
}

function propertySchema({ type, list }: Property, options: ShapeOptions): Schema {
  const one = schemaOf(type, options)
  const many = { type: 'array', items: one }
  if (list === 'never') return one
  return list === 'always' ? many : { anyOf: [one, many] }
}
