/** Reads `xmlmill.config.ts`, `.js` or `.json`: the options of a run, in a file. */
import { readFile } from 'node:fs/promises'
import { relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { MillError } from '../errors.ts'
import { type MillOptions, OPTIONS, resolveOptions } from '../options.ts'

/**
 * The options in a configuration file, checked.
 * @param path relative to the working directory
 * @throws MillError OPTIONS_INVALID with the file's name, when it cannot be read or an option in it is wrong
 */
export async function loadConfig(path: string): Promise<MillOptions> {
  const shown = relative(process.cwd(), path) || path
  const value = await read(path, shown)
  if (!isOptions(value)) {
    const found = typeof value === 'object' && value !== null ? unknownNames(value) : `${typeof value}, not an object`
    throw new MillError('OPTIONS_INVALID', `${shown}: ${found}`)
  }
  try {
    resolveOptions(value)
  } catch (error) {
    if (!(error instanceof MillError)) throw error
    const problems = error.message.split('\n').map((problem) => `${shown}: ${problem}`)
    throw new MillError('OPTIONS_INVALID', problems.join('\n'), { cause: error })
  }
  return value
}

async function read(path: string, shown: string): Promise<unknown> {
  try {
    if (path.endsWith('.json')) return JSON.parse(await readFile(path, 'utf8'))
    const module: unknown = await import(pathToFileURL(resolve(path)).href)
    return typeof module === 'object' && module !== null && 'default' in module ? module.default : undefined
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new MillError('OPTIONS_INVALID', `${shown} cannot be read: ${reason}`, { cause })
  }
}

/** Their values are checked by `resolveOptions`, which takes anything. */
function isOptions(value: unknown): value is MillOptions {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.keys(value).every((name) => Object.hasOwn(OPTIONS, name))
}

function unknownNames(value: object): string {
  if (Array.isArray(value)) return 'an array, not an object'
  return Object.keys(value)
    .filter((name) => !Object.hasOwn(OPTIONS, name))
    .map((name) => `${name} is not an option`)
    .join(', ')
}
