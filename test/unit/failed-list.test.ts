import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { expect, test } from 'vitest'
import { FailedList } from '../../src/cli/failed-list.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

function urls(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `http://a/${index}`)
}

function listOf(path: string, failed: readonly string[]): readonly string[] | undefined {
  const list = new FailedList(path)
  for (const url of failed) list.add(url)
  list.close()
  return list.args()
}

test('has no arguments when nothing failed, and makes no file', () => {
  using folder = temporaryFolder()
  expect(listOf(folder.file('failed.txt'), [])).toBeUndefined()
  expect(existsSync(folder.file('failed.txt'))).toBe(false)
})

test('names a few in the command itself', () => {
  using folder = temporaryFolder()
  expect(listOf(folder.file('failed.txt'), urls(5))).toEqual(urls(5))
  expect(existsSync(folder.file('failed.txt'))).toBe(false)
})

test('writes many into a file, all of them in order', () => {
  using folder = temporaryFolder()
  const path = folder.file('failed.txt')
  expect(listOf(path, urls(300))).toEqual(['-i', path])
  expect(readFileSync(path, 'utf8')).toBe(urls(300).join('\n').concat('\n'))
})

test('replaces the file of the run before', () => {
  using folder = temporaryFolder()
  const path = folder.write('failed.txt', 'http://a/old\n')
  listOf(path, urls(6))
  expect(readFileSync(path, 'utf8')).not.toContain('old')
})

test('credentials are only written where their owner alone can read them', () => {
  using folder = temporaryFolder()
  const path = folder.file('failed.txt')
  writeFileSync(path, '', { mode: 0o644 })
  const secret = 'http://user:secret@a/1'
  expect(listOf(path, ['http://a/0', secret])).toEqual(['-i', path])
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(readFileSync(path, 'utf8')).toBe(`http://a/0\n${secret}\n`)
})

test('what would be expanded as an argument goes into the file, whose lines are taken as they are', () => {
  using folder = temporaryFolder()
  const path = folder.file('failed.txt')
  for (const url of ['http://a/[1-3].xml', 'http://a/{b,c}', 'file:///data/a[1].xml']) {
    expect(listOf(path, [url])).toEqual(['-i', path])
    expect(readFileSync(path, 'utf8')).toBe(`${url}\n`)
  }
})

test('finds another place when the file cannot be made', () => {
  using folder = temporaryFolder()
  const path = folder.file('failed.txt')
  mkdirSync(path)
  const [flag, elsewhere] = listOf(path, urls(6)) ?? []
  expect(flag).toBe('-i')
  expect(elsewhere).not.toBe(path)
  expect(readFileSync(String(elsewhere), 'utf8')).toBe(urls(6).join('\n').concat('\n'))
  rmSync(dirname(String(elsewhere)), { recursive: true })
})
