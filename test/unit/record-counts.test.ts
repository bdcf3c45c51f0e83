import { expect, test } from 'vitest'
import { checkCounts, RecordTally, withRefused } from '../../src/mill/record-counts.ts'
import { doneDocument } from '../support/settled-documents.ts'

const facts = { ...doneDocument(1).facts, recordsSeen: 5, recordsWritten: 4, recordsRejected: 1 }
const INTERNAL = expect.objectContaining({ code: 'INTERNAL' })

test('a document of which a record is neither written nor rejected stops the run', () => {
  expect(() => checkCounts('http://h/', facts, { records: 4, rejects: 1 }, false)).not.toThrow()
  expect(() => checkCounts('http://h/', facts, { records: 3, rejects: 1 }, false)).toThrow(INTERNAL)
  const short = { ...facts, recordsSeen: 6 }
  expect(() => checkCounts('http://h/', short, { records: 4, rejects: 1 }, false)).toThrow(INTERNAL)
})

test('a run whose output has not accounted for every record is no success', () => {
  const tally = new RecordTally()
  tally.delivered(facts)
  tally.delivered(facts)
  tally.settled(withRefused(facts, { records: 2, reason: 'no columns', gap: undefined }))
  expect(() => tally.check()).toThrow(INTERNAL)
  tally.settled(facts)
  expect(() => tally.check()).not.toThrow()
  tally.delivered(facts)
  tally.settled(withRefused(facts, { records: 5, reason: 'no columns', gap: undefined }))
  expect(() => tally.check()).toThrow(INTERNAL)
})
