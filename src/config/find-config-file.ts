import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** Looked for in this order. */
const NAMES = ['xmlmill.config.ts', 'xmlmill.config.js', 'xmlmill.config.json']

/** The configuration file of a folder, or undefined when it has none. */
export function findConfigFile(folder: string): string | undefined {
  return NAMES.map((name) => join(folder, name)).find((path) => existsSync(path))
}
