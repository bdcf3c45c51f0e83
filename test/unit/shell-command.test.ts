import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { retryCommand, shellCommand } from '../../src/cli/shell-command.ts'
import type { MillOptions } from '../../src/options.ts'

/** What a shell makes of a command line. */
function shellArguments(command: string): string[] {
  return execFileSync('/bin/sh', ['-c', `printf '%s\\0' ${command}`])
    .toString()
    .split('\0')
    .slice(0, -1)
}

test('a shell reads back exactly the arguments', () => {
  const nasty = fc.string({ unit: fc.constantFrom(...`ab '"\\$\`!*?[]{}()<>|&;#~\n\t=%é`), maxLength: 12 })
  fc.assert(
    fc.property(fc.array(nasty, { minLength: 1, maxLength: 6 }), (args) => {
      expect(shellArguments(shellCommand(args))).toEqual(args)
    }),
    { numRuns: 60 },
  )
})

test('quotes only what needs it, so that a command can be read', () => {
  expect(shellCommand(['xmlmill', 'http://a:80/b.xml', '-o', 'x y', ''])).toBe(`xmlmill http://a:80/b.xml -o 'x y' ''`)
})

function retry(given: MillOptions, parserOptionsFile?: string): string {
  return retryCommand(given, parserOptionsFile, ['http://a/1'])
}

test('tries again with the same options, adding to the same file', () => {
  const given: MillOptions = {
    record: ['paper', '/a/*'],
    output: 'out.ndjson',
    concurrency: 2,
    rate: '5/s',
    bare: true,
    header: 'Accept: b c',
  }
  expect(retry(given)).toContain(
    "xmlmill http://a/1 -r paper -r '/a/*' -o out.ndjson -j 2 --rate 5/s --bare -H 'Accept: b c'",
  )
})

test('names the documents instead of the lists that they came from', () => {
  expect(retryCommand({ inputFile: 'all.txt' }, undefined, ['-i', 'failed.txt'])).toBe('xmlmill -i failed.txt')
})

test('does not start over', () => {
  expect(retry({ output: 'o', fresh: true })).not.toContain('--fresh')
})

test('has nothing to add to when the records went to stdout', () => {
  expect(retry({})).toBe('xmlmill http://a/1')
  expect(retry({ output: '-' })).toBe('xmlmill http://a/1 -o -')
})

test("names the file that the parser's options came from", () => {
  const given: MillOptions = { parserOptions: { trimValues: false } }
  expect(retry(given, 'my options.json')).toBe("xmlmill http://a/1 --parser-options 'my options.json'")
})

test('what is shown to be copied has no secret in it', () => {
  const header = ['Authorization: Bearer abc', 'X-Api-Key: def', 'Accept: text/xml']
  const command = retryCommand({ header, proxy: 'http://user:ghi@proxy:8080' }, undefined, ['-i', 'failed.txt'])
  expect(command).not.toMatch(/abc|def|ghi/)
  expect(command).toContain('Accept: text/xml')
})
