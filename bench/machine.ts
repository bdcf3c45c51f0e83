/** Where and with what a result was measured. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem, type } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Machine } from './result.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
// biome-ignore format: the formatter would give each word or row of this list a line or more of its own
const PACKAGES = ['undici', 'piscina', 'fast-xml-parser', 'p-limit', '@crawlee/http', 'saxes', 'txml', 'libxml2-wasm']

export function machine(load: readonly [number, number]): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    system: `${type()} ${release()}`,
    load,
  }
}

/** Versions of everything that takes part, as far as it is there. */
export function versions(python: string): Record<string, string> {
  const inPython = (module: string) =>
    output(python, ['-c', `from importlib.metadata import version; print(version('${module}'))`])
  const found: [string, string | undefined][] = [
    ['xmlmill', packageVersion(`${root}package.json`)],
    ['node', process.versions.node],
    ['python', output(python, ['-c', 'import platform; print(platform.python_version())'])],
    ...['requests', 'lxml', 'scrapy'].map((name): [string, string | undefined] => [name, inPython(name)]),
    ...PACKAGES.map((name): [string, string | undefined] => [
      name,
      packageVersion(`${root}bench/node_modules/${name}/package.json`),
    ]),
    ['curl', output('curl', ['--version'])?.split(' ')[1]],
    ['xmllint', output('xmllint', ['--version'])?.split('\n')[0]],
  ]
  return Object.fromEntries(found.flatMap(([name, version]) => (version === undefined ? [] : [[name, version]])))
}

/** The repository's commit, or `unknown` outside one. */
export function commit(): string {
  return output('git', ['-C', root, 'describe', '--always', '--dirty', '--abbrev=12']) ?? 'unknown'
}

function output(file: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync(file, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return undefined
  }
}

function packageVersion(file: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'))
    const version: unknown = typeof parsed === 'object' && parsed !== null ? Reflect.get(parsed, 'version') : undefined
    return typeof version === 'string' ? version : undefined
  } catch {
    return undefined
  }
}
