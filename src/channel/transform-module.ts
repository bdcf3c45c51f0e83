/**
 * The user's transform module, as both ends load it: main once before anything starts, so that a module that does not load costs
 * nothing; each thread for its work.
 */
import { MillError } from '../errors.ts'

/** What a transform is told about a record besides its content. */
export interface RecordContext {
  readonly url: string
  /** The record's place in its document, from 0. */
  readonly n: number
  /** The element's name. */
  readonly name: string
}

/** A row, several rows, or nothing; or a promise of these. */
export type Transform = (record: unknown, context: RecordContext) => unknown

/** What a transform module exports. */
export interface TransformModule {
  readonly transform: Transform
  /**
   * `select`: the parts of a record that the transform needs, as paths from the record such as `author.last` or `@_id`. It is
   * given these alone, built faster; without it, whole records.
   */
  readonly select: readonly string[] | undefined
}

/**
 * Loads a transform module.
 * @param href `file:` URL
 * @throws MillError TRANSFORM_UNLOADABLE
 */
export async function loadTransform(href: string): Promise<TransformModule> {
  let module: unknown
  try {
    module = await import(href)
  } catch (cause) {
    const reason = cause instanceof Error ? reasonOf(cause) : String(cause)
    throw new MillError('TRANSFORM_UNLOADABLE', `${href} does not load: ${reason}`, { cause })
  }
  const { default: transform, select } = isModule(module) ? module : {}
  if (!isTransform(transform)) {
    throw new MillError('TRANSFORM_UNLOADABLE', `${href} has no default export that is a function`)
  }
  if (select !== undefined && !isTexts(select)) {
    throw new MillError('TRANSFORM_UNLOADABLE', `${href} exports a select that is no array of texts`)
  }
  return { transform, select }
}

/** Without the file that imports it, which is ours; with the line of an error of syntax where Node knows it, as it does of TypeScript. */
function reasonOf({ name, message, stack = '' }: Error): string {
  // Node names the file that was run: in the package it is not the module's own, as import.meta.url is.
  const own = ` imported from ${import.meta.filename}`
  const line = name === 'SyntaxError' ? /^\S.*:(\d+)$/.exec(stack.split('\n', 1)[0] ?? '')?.[1] : undefined
  return `${name}: ${message.replace(own, '')}${line === undefined ? '' : ` (line ${line})`}`
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function isModule(module: unknown): module is { readonly default?: unknown; readonly select?: unknown } {
  return typeof module === 'object' && module !== null
}

function isTransform(value: unknown): value is Transform {
  return typeof value === 'function'
}
