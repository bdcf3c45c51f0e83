import { expect, test } from 'vitest'
import { mill, type RunEvent } from '../../src/index.ts'
import { serve } from '../support/serve.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const COUNT = 24

/** Ends its thread in several ways, as its record says. */
const TRANSFORM = `
export default async (record) => {
  switch (record) {
    case 'exit': process.exit(7)
    case 'throw':
      setTimeout(() => { throw new Error('nobody catches this') })
      return new Promise(() => {})
    case 'reject':
      Promise.reject(new Error('nobody handles this'))
      return new Promise(() => {})
  }
  return record
}
`

interface Milled {
  readonly done: readonly number[]
  readonly failed: ReadonlyMap<number, { readonly code: string; readonly message: string }>
  readonly crashes: number
}

async function millWith(bad: Readonly<Record<number, string>>): Promise<Milled> {
  using folder = temporaryFolder()
  const bodies = Array.from({ length: COUNT }, (_, id) => [`/${id}`, `<a><b>${id}</b><b>${bad[id] ?? 'fine'}</b></a>`])
  await using site = await serve(Object.fromEntries(bodies))
  const urls = Array.from({ length: COUNT }, (_, id) => site.url(`/${id}`))
  const done: number[] = []
  const failed = new Map<number, { code: string; message: string }>()
  let crashes = 0
  const onEvent = ({ type }: RunEvent) => {
    if (type === 'thread-crashed') crashes += 1
  }
  const options = { record: 'b', transform: folder.write('transform.mjs', TRANSFORM), threads: 2, onEvent }
  for await (const document of mill(urls, options)) {
    if (document.status === 'failed') failed.set(document.id, document.error)
    else {
      expect([...document.records()]).toEqual([String(document.id), 'fine'])
      done.push(document.id)
    }
  }
  return { done: done.sort((a, b) => a - b), failed, crashes }
}

for (const [how, what] of [
  ['exit', /exit|7/],
  ['throw', /nobody catches this/],
  ['reject', /nobody handles this/],
] as const) {
  test(`a transform that ends its thread by ${how} loses its own document alone`, async () => {
    const { done, failed, crashes } = await millWith({ 5: how })
    expect([...failed.keys()]).toEqual([5])
    expect(failed.get(5)?.code).toBe('WORKER_CRASHED')
    expect(failed.get(5)?.message).toMatch(what)
    expect(done).toEqual(Array.from({ length: COUNT }, (_, id) => id).filter((id) => id !== 5))
    expect(crashes).toBeGreaterThanOrEqual(3)
  })
}

test('several documents that end their threads are lost each by itself', async () => {
  const { done, failed } = await millWith({ 0: 'exit', 1: 'throw', 20: 'exit' })
  expect([...failed.keys()].sort((a, b) => a - b)).toEqual([0, 1, 20])
  expect(done).toHaveLength(COUNT - 3)
})
