import { expect, test } from 'vitest'
import { documentMemoryBytes, MemoryGate, weigher } from '../../src/schedule/memory-gate.ts'

const plain = (bytes: number): number => bytes

test('one document may always start, however little memory there is', () => {
  const gate = new MemoryGate(10, plain)
  expect(gate.isOpen).toBe(true)
  gate.started(1)
  gate.announced(1, 1000)
  expect(gate.isOpen).toBe(false)
  gate.ended(1, 1000)
  expect(gate.isOpen).toBe(true)
})

test('an announced length counts in place of the average, and never less than it did', () => {
  const gate = new MemoryGate(100, plain)
  gate.started(1)
  gate.ended(1, 30)
  gate.started(2)
  gate.started(3)
  expect(gate.isOpen).toBe(true)
  gate.announced(2, 60)
  expect(gate.isOpen).toBe(false)
  gate.announced(2, 10)
  expect(gate.isOpen).toBe(false)
  gate.ended(3, undefined)
  expect(gate.isOpen).toBe(true)
})

test('the average follows the documents', () => {
  const gate = new MemoryGate(100, plain)
  for (let id = 0; id < 200; id++) {
    gate.started(id)
    gate.ended(id, 40)
  }
  gate.started(200)
  expect(gate.isOpen).toBe(true)
  gate.started(201)
  expect(gate.isOpen).toBe(false)
})

test('what is told of a document that has ended changes nothing', () => {
  const gate = new MemoryGate(100, plain)
  gate.started(1)
  gate.ended(1, undefined)
  gate.announced(1, 1000)
  gate.ended(1, undefined)
  gate.started(2)
  expect(gate.isOpen).toBe(true)
})

test('the engine holds a record, fast-xml-parser the document', () => {
  const MIB = 1 << 20
  expect(weigher('engine', 64 * MIB, false)(1000 * MIB)).toBe(130 * MIB)
  expect(weigher('engine', 64 * MIB, true)(1000 * MIB)).toBe(194 * MIB)
  expect(weigher('fast-xml-parser', 64 * MIB, false)(200 * MIB)).toBeGreaterThan(2300 * MIB)
})

test('a quarter of the memory is for documents however many threads there are', () => {
  expect(documentMemoryBytes(2 ** 32, 4)).toBe(2 ** 32 - (256 << 20))
  expect(documentMemoryBytes(1 << 28, 4)).toBe(1 << 26)
})
