import { glob, stat } from 'node:fs/promises'
import { isAbsolute, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { MillError } from '../errors.ts'
import { hasScheme, quote } from './address.ts'
import type { Batch, Item } from './item.ts'
import { expandRanges } from './range.ts'

/**
 * The arguments of a command line, expanded as they are used: curl's ranges and sets in URLs, `*`, `**`, `?`, `[a-z]` and `{a,b}` in local
 * paths. A path that exists as it stands is taken so, whatever characters are in it. Files of one folder come in the order of
 * their names, without the folders among them.
 */
export async function* argumentBatches(given: readonly string[], cwd: string): AsyncGenerator<Batch> {
  for (const [index, argument] of given.entries()) {
    const number = index + 1
    const text = argument.trim()
    if (text === '-') {
      yield [{ text, number, fault: '"-" is no URL; a list on standard input is read with --input-file -' }]
    } else if (isTemplate(text)) {
      yield rangeItems(text, number)
    } else if (isPattern(text) && !(await exists(resolve(cwd, text)))) {
      yield* fileBatches(text, number, cwd)
    } else {
      yield [{ text, number }]
    }
  }
}

/** Sets may stand in the scheme as well: `{http,https}://host/`. */
function isTemplate(argument: string): boolean {
  return hasScheme(argument) || /^[^/\\]*:\/\//.test(argument)
}

function isPattern(argument: string): boolean {
  return /[*?[{]|[@!+]\(/.test(argument)
}

function* rangeItems(template: string, number: number): Generator<Item> {
  try {
    for (const text of expandRanges(template)) yield { text, number }
  } catch (error) {
    if (!(error instanceof MillError)) throw error
    yield { text: template, number, fault: `${quote(template)}: ${error.message}` }
  }
}

async function* fileBatches(pattern: string, number: number, cwd: string): AsyncGenerator<Batch> {
  let isEmpty = true
  for await (const entry of glob(pattern, { cwd, withFileTypes: true })) {
    if (entry.isDirectory()) continue
    isEmpty = false
    // As a URL, since a name may hold anything: a new line, a colon, a space at its end.
    yield [{ text: pathToFileURL(join(entry.parentPath, entry.name)).href, number }]
  }
  if (!isEmpty) return
  const place = isAbsolute(pattern) ? '' : ` in ${cwd}`
  yield [{ text: pattern, number, code: 'FILE_UNREADABLE', fault: `no file matches ${quote(pattern)}${place}` }]
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
