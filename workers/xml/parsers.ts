/** The parsers by name. Each is imported only when it is asked for: what a thread imports decides how soon its first record comes. */
import { MillError } from '../../src/errors.ts'
import type { ParserName } from '../../src/options.ts'
import type { Parser, ParserOptions } from './parser.ts'

const parsers: Record<ParserName, (options: ParserOptions) => Promise<Parser>> = {
  engine: async (options) => (await import('./engine/engine.ts')).createEngine(options),
  'fast-xml-parser': async (options) => {
    if (options.select !== undefined) {
      throw new MillError('OPTIONS_INVALID', 'the transform exports a select, which is for --parser engine')
    }
    return (await import('./fast-xml-parser.ts')).createFastXmlParser(options)
  },
}

/** The parser that the options ask for; a transform needs the envelope, whatever the output carries. */
export async function loadParser(
  options: ParserOptions & { readonly parser: ParserName; readonly transform: string | undefined },
): Promise<Parser> {
  const envelope = options.envelope || options.transform !== undefined
  return parsers[options.parser]({ ...options, envelope })
}
