/** The product's default parser, as the suite and the oracle use it. */
import { createEngine } from '../../workers/xml/engine/engine.ts'
import type { Parser, ParserOptions } from '../../workers/xml/parser.ts'
import { millBytes } from '../support/xml-milling.ts'
import type { Mills } from './judgement.ts'
import { type Parsers, RECORD_NAMES } from './oracle.ts'

export const PARSER_OPTIONS: ParserOptions = {
  record: [],
  array: [],
  envelope: true,
  parserOptions: {},
  maxDepth: 256,
  maxRecordBytes: 64 << 20,
}

export function createProductParser(options: Partial<ParserOptions> = {}): Parser {
  return createEngine({ ...PARSER_OPTIONS, ...options })
}

export function productParsers(): Parsers {
  return {
    json: createProductParser(),
    ordered: createProductParser({ shape: 'ordered' }),
    records: createProductParser({ record: RECORD_NAMES }),
  }
}

export function productMills(): Mills {
  const mill = (parser: Parser) => (bytes: Uint8Array) => millBytes(parser, bytes)
  return {
    plain: mill(createProductParser()),
    ordered: mill(createProductParser({ shape: 'ordered' })),
    namespaces: mill(createProductParser({ namespaces: 'strict' })),
  }
}
