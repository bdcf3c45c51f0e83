/** The product's default parser, as the suite and the oracle use it. */
import { createFastXmlParser } from '../../workers/xml/fast-xml-parser.ts'
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
  return createFastXmlParser(PARSER_OPTIONS)
}

export function productMills(): Mills {
  const parser = createProductParser()
  return { plain: (bytes) => millBytes(parser, bytes), namespaces: (bytes) => millBytes(parser, bytes) }
}
