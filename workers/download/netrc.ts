/** Credentials from a .netrc file, as ftp and curl read it. */
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { MillError } from '../../src/errors.ts'
import { basicAuthorization } from './request-headers.ts'

export interface NetrcEntry {
  /** Host name in lower case; undefined for the `default` entry. */
  readonly machine: string | undefined
  readonly login: string
  readonly password: string
}

/** Reads `$NETRC`, else `~/.netrc`.
 * @throws MillError OPTIONS_INVALID when there is none */
export async function readNetrc(): Promise<readonly NetrcEntry[]> {
  const path = process.env.NETRC ?? join(homedir(), '.netrc')
  try {
    return parseNetrc(await readFile(path, 'utf8'))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new MillError('OPTIONS_INVALID', `--netrc: ${path} cannot be read (${reason})`, { cause: error })
  }
}

/** The entries of a .netrc: tokens apart by white space, `"…"` with backslashes around one that has some, `#` lines and macros left out. */
export function parseNetrc(text: string): readonly NetrcEntry[] {
  const entries: { machine: string | undefined; login: string; password: string }[] = []
  // A macro runs to the next empty line.
  const lines = text.replace(/^[ \t]*macdef\b.*(?:\r?\n.*\S.*)*/gm, '').replace(/^[ \t]*#.*/gm, '')
  const tokens = lines.match(/"(?:[^"\\]|\\.)*"|\S+/gs) ?? []
  const words = tokens.map((token) => (token.startsWith('"') ? token.slice(1, -1).replace(/\\(.)/gs, '$1') : token))
  for (let at = 0; at < words.length; at++) {
    const word = words[at]
    const entry = entries.at(-1)
    if (word === 'default') entries.push({ machine: undefined, login: '', password: '' })
    else if (word === 'machine') entries.push({ machine: words[++at]?.toLowerCase() ?? '', login: '', password: '' })
    else if (word === 'login' && entry !== undefined) entry.login = words[++at] ?? ''
    else if (word === 'password' && entry !== undefined) entry.password = words[++at] ?? ''
    else if (word === 'account') at++
  }
  return entries
}

/**
 * The Authorization for a host, from the first entry that names it.
 * @param allowsDefault whether the `default` entry may answer: not after a redirect, where the host was not our choice
 */
export function netrcAuthorization(
  entries: readonly NetrcEntry[],
  hostname: string,
  allowsDefault: boolean,
): string | undefined {
  const entry = entries.find(({ machine }) => (machine === undefined ? allowsDefault : machine === hostname))
  return entry === undefined ? undefined : basicAuthorization(entry.login, entry.password)
}
