/** The product's default parser, as the suite and the oracle use it. */
import { createEngine } from '../../workers/xml/engine/engine.ts'
import type { Parser, ParserOptions } from '../../workers/xml/parser.ts'
import { millBytes } from '../support/xml-milling.ts'
import type { Mills } from './judgement.ts'

export const PARSER_OPTIONS: ParserOptions = {
  record: [],
  array: [],
  envelope: true,
  parserOptions: {},
  maxDepth: 256,
  maxRecordBytes: 64 << 20,
}

export function createProductParser(): Parser {
  return createEngine(PARSER_OPTIONS)
}

export function productMills(): Mills {
  const plain = createProductParser()
  const strict = createEngine({ ...PARSER_OPTIONS, namespaces: 'strict' })
  return { plain: (bytes) => millBytes(plain, bytes), namespaces: (bytes) => millBytes(strict, bytes) }
}
