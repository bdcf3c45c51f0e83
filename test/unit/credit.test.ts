import { expect, test } from 'vitest'
import { CreditWindow } from '../../src/channel/credit.ts'

/** Whether a promise has settled once everything that can run now has run. */
async function isSettled(promise: Promise<void>): Promise<boolean> {
  const pending = Symbol('pending')
  const turn = new Promise<typeof pending>((resolve) => setImmediate(resolve, pending))
  return (await Promise.race([promise, turn])) !== pending
}

test('one batch may overdraw, so that a batch larger than the window can go', () => {
  const credit = new CreditWindow(10)
  expect(credit.isOpen).toBe(true)
  credit.spend(1000)
  expect(credit.isOpen).toBe(false)
})

test('whoever is overdrawn waits until more was granted than is owed', async () => {
  const credit = new CreditWindow(10)
  credit.spend(30)
  const opened = credit.opened()
  credit.grant(20)
  expect(await isSettled(opened)).toBe(false)
  credit.grant(1)
  expect(await isSettled(opened)).toBe(true)
})

test('does not wait while there is credit', async () => {
  expect(await isSettled(new CreditWindow(1).opened())).toBe(true)
})

test('wakes all who wait, each once', async () => {
  const credit = new CreditWindow(1)
  credit.spend(1)
  const waiting = [credit.opened(), credit.opened(), credit.opened()]
  credit.grant(1)
  await Promise.all(waiting)
  credit.spend(1)
  expect(await isSettled(credit.opened())).toBe(false)
})
