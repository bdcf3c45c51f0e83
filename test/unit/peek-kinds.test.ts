import { expect, test } from 'vitest'
import { suggest } from '../../src/peek/suggestions.ts'
import { ProfileReader } from '../../workers/peek/reader.ts'
import { DOCUMENT_KINDS } from '../support/document-kinds.ts'

function peekAt(xml: string) {
  const reader = new ProfileReader(256)
  reader.write(xml)
  const { tree } = reader.finish(true)
  expect(reader.fault).toBeUndefined()
  return suggest(tree)
}

for (const { name, xml, record, arrays, mixed } of DOCUMENT_KINDS) {
  test(`knows the records, arrays and mixed content of ${name}`, () => {
    const suggestions = peekAt(xml)
    expect({
      record: suggestions.record,
      arrays: suggestions.arrays.map((array) => array.name),
      mixed: [...new Set(suggestions.mixed.map((place) => place.name))],
    }).toEqual({ record, arrays, mixed })
  })

  test(`says the same of ${name} that is cut in the middle`, () => {
    const reader = new ProfileReader(256)
    reader.write(xml.slice(0, Math.floor(xml.length * 0.7)))
    const { tree } = reader.finish(false)
    expect(reader.fault).toBeUndefined()
    // Of what is still to come nothing can be known, such as the same name elsewhere.
    expect(suggest(tree).record.map(lastStep)).toEqual(record.map(lastStep))
  })
}

function lastStep(path: string): string | undefined {
  return path.split('/').at(-1)
}
