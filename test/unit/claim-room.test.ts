import { expect, test } from 'vitest'
import { ClaimRoom } from '../../src/fleet/claim-room.ts'

test('asks for more once a half is gone', () => {
  const room = new ClaimRoom(12)
  expect(room.isWide(7)).toBe(false)
  expect(room.isWide(6)).toBe(true)
  expect(room.free(6)).toBe(6)
  expect(room.free(20)).toBe(0)
})

test('holds more where the threads had run out while a claim was under way, up to eight times as much', () => {
  const room = new ClaimRoom(12)
  room.claimed(6, 0)
  expect(room.free(0)).toBe(24)
  for (let claim = 0; claim < 10; claim += 1) room.claimed(6, 0)
  expect(room.free(0)).toBe(96)
})

test('holds no more for a first claim, which comes when there is nothing yet', () => {
  const room = new ClaimRoom(12)
  room.claimed(0, 0)
  expect(room.free(0)).toBe(12)
})

test('holds less again where most was left', () => {
  const room = new ClaimRoom(12)
  room.claimed(6, 0)
  for (let claim = 0; claim < 50; claim += 1) room.claimed(12, 23)
  expect(room.free(0)).toBe(12)
})
