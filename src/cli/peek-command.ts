/** `xmlmill peek`: what is in a few documents, and the command that mills them. */
import { ERRORS, MillError } from '../errors.ts'
import { type MillOptions, parseSize, resolveOptions } from '../options.ts'
import { advisedOptions, losslessOptions } from '../peek/advice.ts'
import { recordCandidates } from '../peek/candidates.ts'
import { chosenElement } from '../peek/chosen-record.ts'
import { reportToJson } from '../peek/json.ts'
import { type FailedPeek, type PeekResult, peek } from '../peek/peek.ts'
import { localName } from '../peek/places.ts'
import { type Suggestions, suggest, suggestFor } from '../peek/suggestions.ts'
import { renderReport } from '../peek/text.ts'
import { toJsonSchema } from '../peek/types/json-schema.ts'
import { type ShapeOptions, typeOf } from '../peek/types/record-type.ts'
import { toSql } from '../peek/types/sql.ts'
import type { TypedRecords } from '../peek/types/typed-records.ts'
import { toTypeScript } from '../peek/types/typescript.ts'
import { redactUrl } from '../redact.ts'
import { listDocuments } from '../sources/source.ts'
import { PEEK_OPTIONS, TYPE_LANGUAGES, type TypeLanguage } from './commands.ts'
import { EXIT } from './exit-code.ts'
import { print } from './print.ts'
import { flagArgs, shellCommand } from './shell-command.ts'

/** Less tells nothing, more takes memory that is not worth it. */
const MIN_BYTES = 4 << 10
const MAX_BYTES = 256 << 20

export interface PeekCommand {
  readonly urls: readonly string[]
  /** Of the flags and the configuration file. */
  readonly options: MillOptions
  /** Of the flags alone. */
  readonly flags: MillOptions
  /** The file of `--config`. */
  readonly configFile: string | undefined
  /** The file of `--parser-options`. */
  readonly parserOptionsFile: string | undefined
  /** The flags of this command as they were given. */
  readonly argv: Readonly<Record<string, unknown>>
}

/**
 * Looks, and prints to stdout what it saw.
 * @returns the exit code: 1 when a document could not be read, or a run would refuse it
 */
export async function peekCommand(asked: PeekCommand): Promise<number> {
  const { urls, options, argv } = asked
  if (urls.length === 0 && options.inputFile === undefined) {
    throw new MillError('OPTIONS_INVALID', 'there is nothing to look into: give URLs, or a list with --input-file')
  }
  const runOptions = resolveOptions(options)
  const { bytes, documents, language } = peekFlags(argv)
  const result = await peek({
    list: listDocuments({ arguments: urls }, runOptions),
    options: runOptions,
    partBytes: bytes,
    documents,
    onRetry: (url, failure, delayMs) => {
      const wait = `again in ${Math.ceil(Math.max(0, delayMs) / 1000)} s`
      process.stderr.write(`${redactUrl(url)}: ${failure.code}: ${failure.message}; ${wait}\n`)
    },
  })
  const failures = [...result.failed, ...faults(result)]
  const exitCode = failures.length > 0 ? EXIT.incomplete : EXIT.done
  const isEmpty = result.tree.children.size === 0
  if (language !== undefined || (isEmpty && argv.json !== true)) {
    for (const { url, failure } of failures) {
      // Of a local file the message has the path already.
      const place = failure.code === 'FILE_UNREADABLE' ? '' : `${redactUrl(url)}: `
      process.stderr.write(`xmlmill: ${place}${failure.message}\n${failure.code}: ${ERRORS[failure.code].remedy}\n`)
    }
    if (isEmpty) return exitCode
  }
  const suggestions = suggestionsFor(result, options)
  const advised = advisedOptions(options, suggestions, result.documents)
  if (language !== undefined) {
    const shape = { ...runOptions.thread, array: [advised.array ?? []].flat().flatMap((names) => names.split(',')) }
    await print(LANGUAGES[language](typedRecords(result, suggestions, shape), shape))
    return exitCode
  }
  const lossless = losslessOptions(advised, suggestions)
  const command = (of: MillOptions) => shellCommand(['xmlmill', ...urls, ...argsOf(of, asked)])
  const commands: (readonly [string, string])[] =
    lossless === undefined
      ? [['To mill it', command(advised)]]
      : [
          [
            'To mill it with text and elements in their order (--shape xml keeps the white space around them, too)',
            command(lossless),
          ],
          ['Or, if their order does not matter', command(advised)],
        ]
  const report = { result, suggestions, commands }
  await print(argv.json === true ? reportToJson(report) : renderReport(report, process.stdout.columns ?? 120))
  return exitCode
}

/** Documents that a run would refuse. */
function faults({ documents }: PeekResult): FailedPeek[] {
  return documents.flatMap(({ url, fault }) => (fault === undefined ? [] : [{ url, failure: fault }]))
}

interface PeekFlags {
  readonly bytes: number
  readonly documents: number
  readonly language: TypeLanguage | undefined
}

function peekFlags(argv: PeekCommand['argv']): PeekFlags {
  const problems: string[] = []
  const bytes = typeof argv.bytes === 'string' ? parseSize(argv.bytes) : PEEK_OPTIONS.bytes.default
  if (bytes === undefined || bytes < MIN_BYTES || bytes > MAX_BYTES) {
    problems.push(`--bytes is ${argv.bytes}; it takes a size from 4k to 256m`)
  }
  const documents = typeof argv.documents === 'string' ? Number(argv.documents) : PEEK_OPTIONS.documents.default
  if (!Number.isInteger(documents) || documents < 1) {
    problems.push(`--documents is ${argv.documents}; it takes a whole number from 1`)
  }
  const language = TYPE_LANGUAGES.find((one) => one === argv.types)
  if (argv.types !== undefined && language === undefined) {
    problems.push(`--types is ${argv.types}; it takes one of ${TYPE_LANGUAGES.join(', ')}`)
  }
  if (language !== undefined && argv.json === true) problems.push('--types and --json exclude each other')
  if (problems.length > 0) throw new MillError('OPTIONS_INVALID', problems.join('\n'))
  return { bytes: bytes ?? 0, documents, language }
}

/** About the records that were chosen, where they were. */
function suggestionsFor({ tree }: PeekResult, { record }: MillOptions): Suggestions {
  if (record === undefined) return suggest(tree)
  const paths = [record].flat()
  const element = chosenElement(tree, paths)
  if (element !== undefined) return suggestFor(element, paths, recordCandidates(tree))
  process.stderr.write(`no element is a record by --record ${paths.join(', ')} in what was read\n`)
  return suggest(tree)
}

/** What the configuration file says need not be said again. */
function argsOf(advised: MillOptions, { options, flags, configFile, parserOptionsFile }: PeekCommand): string[] {
  const fromFile = new Map(Object.entries(options).filter(([name]) => !Object.hasOwn(flags, name)))
  const said = Object.entries(advised).filter(
    ([name, value]) => name !== 'parserOptions' && !(fromFile.has(name) && fromFile.get(name) === value),
  )
  const files = Object.entries({ parserOptions: parserOptionsFile, config: configFile })
  return [...said, ...files].flatMap(([name, value]) => (value === undefined ? [] : flagArgs(name, value)))
}

function typedRecords({ documents }: PeekResult, { element, record }: Suggestions, shape: ShapeOptions): TypedRecords {
  const kind = record.length === 0 ? 'documents' : `records of ${documents.length} documents`
  const count = record.length === 0 ? documents.length : element.count
  return {
    name: shape.stripNamespaces ? localName(element.name) : element.name,
    isOneName: record.length < 2,
    type: typeOf(element, shape),
    origin: `Inferred by xmlmill from ${count} ${kind}; the rest may differ.`,
  }
}

const LANGUAGES: Readonly<Record<TypeLanguage, (records: TypedRecords, options: ShapeOptions) => string>> = {
  ts: toTypeScript,
  'json-schema': toJsonSchema,
  sql: toSql,
}
