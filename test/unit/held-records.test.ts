import { existsSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { HeldRecords, MemoryBudget } from '../../src/spool/held-records.ts'
import { SpoolDirectory, type SpoolFile } from '../../src/spool/spool-directory.ts'

/** A spool whose files can be looked at. */
class WatchedSpool extends SpoolDirectory {
  readonly files: SpoolFile[] = []

  override async create(): Promise<SpoolFile> {
    const file = await super.create()
    this.files.push(file)
    return file
  }
}

async function readAll(records: HeldRecords): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of records.read()) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

function readAllSync(records: HeldRecords): string {
  return Buffer.concat([...records.readSync()]).toString()
}

test('gives all bytes in the order they came, whatever part of them fits into memory', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(60), fc.array(fc.string({ minLength: 1, maxLength: 20 })), async (limit, lines) => {
      const spool = new SpoolDirectory()
      const records = new HeldRecords(new MemoryBudget(limit), spool)
      let taken = 0
      for (const line of lines) records.append(Buffer.from(`${line}\n`), 1, () => taken++)
      await records.settled()
      const all = lines.map((line) => `${line}\n`).join('')
      expect(await readAll(records)).toBe(all)
      expect(readAllSync(records)).toBe(all)
      expect(records.count).toBe(lines.length)
      expect(records.byteLength).toBe(Buffer.byteLength(all))
      expect(taken).toBe(lines.length)
      await records.release()
      await spool.close()
    }),
    { numRuns: 50 },
  )
})

test('reads back several MiB from the spool', async () => {
  const spool = new SpoolDirectory()
  const records = new HeldRecords(new MemoryBudget(1 << 20), spool)
  const batches = Array.from({ length: 9 }, (_, index) => Buffer.alloc(700_001, `batch ${index} `))
  for (const batch of batches) records.append(batch, 1, () => {})
  await records.settled()
  const all = Buffer.concat(batches)
  const chunks: Uint8Array[] = []
  for await (const chunk of records.read()) chunks.push(chunk)
  expect(Buffer.concat(chunks).equals(all)).toBe(true)
  expect(Buffer.concat([...records.readSync()]).equals(all)).toBe(true)
  await spool.close()
})

test('documents share one budget, and what one lets go the next may have', async () => {
  const budget = new MemoryBudget(10)
  const spool = new WatchedSpool()
  const first = new HeldRecords(budget, spool)
  const second = new HeldRecords(budget, spool)
  first.append(Buffer.from('12345678\n'), 1, () => {})
  second.append(Buffer.from('1234\n'), 1, () => {})
  await second.settled()
  expect(spool.files).toHaveLength(1)
  await first.release()
  const third = new HeldRecords(budget, spool)
  third.append(Buffer.from('12345678\n'), 1, () => {})
  await third.settled()
  expect(spool.files).toHaveLength(1)
  await spool.close()
})

test('memory is taken at once, the spool only when it is written', async () => {
  const spool = new SpoolDirectory()
  const records = new HeldRecords(new MemoryBudget(5), spool)
  const taken: string[] = []
  records.append(Buffer.from('1234\n'), 1, () => taken.push('memory'))
  records.append(Buffer.from('5678\n'), 1, () => taken.push('spool'))
  expect(taken).toEqual(['memory'])
  await records.settled()
  expect(taken).toEqual(['memory', 'spool'])
  await spool.close()
})

test('removes its spool file when it is let go, readable by its owner alone until then', async () => {
  const spool = new WatchedSpool()
  const records = new HeldRecords(new MemoryBudget(0), spool)
  records.append(Buffer.from('a\n'), 1, () => {})
  await records.settled()
  const [file] = spool.files
  expect(file && statSync(file.path).mode & 0o777).toBe(0o600)
  await records.release()
  await records.release()
  expect(file && existsSync(file.path)).toBe(false)
  await spool.close()
})

test('what comes after it was let go is dropped, and its sender may go on', async () => {
  const records = new HeldRecords(new MemoryBudget(0), new SpoolDirectory())
  await records.release()
  let isTaken = false
  records.append(Buffer.from('a\n'), 1, () => {
    isTaken = true
  })
  expect(isTaken).toBe(true)
})

test('refuses to be read after it was let go', async () => {
  const records = new HeldRecords(new MemoryBudget(100), new SpoolDirectory())
  records.append(Buffer.from('a\n'), 1, () => {})
  await records.release()
  await expect(readAll(records)).rejects.toThrow('gone')
  expect(() => readAllSync(records)).toThrow('gone')
})

test('a reading that was begun before it was let go does not end as if it were complete', async () => {
  const spool = new SpoolDirectory()
  const records = new HeldRecords(new MemoryBudget(2), spool)
  records.append(Buffer.from('a\n'), 1, () => {})
  records.append(Buffer.from('b\n'), 1, () => {})
  await records.settled()
  const reading = records.readSync()
  const waiting = records.read()
  reading.next()
  await waiting.next()
  await records.release()
  expect(() => reading.next()).toThrow('gone')
  await expect(waiting.next()).rejects.toThrow('gone')
  await spool.close()
})

test('a spool that cannot be written fails with OUTPUT_FAILED, and its senders may go on', async () => {
  const spool = new WatchedSpool()
  const first = new HeldRecords(new MemoryBudget(0), spool)
  first.append(Buffer.from('a\n'), 1, () => {})
  await first.settled()
  const [file] = spool.files
  if (file === undefined) throw new Error('nothing was spooled')
  rmSync(dirname(file.path), { recursive: true })
  const records = new HeldRecords(new MemoryBudget(0), spool)
  let taken = 0
  records.append(Buffer.from('a\n'), 1, () => taken++)
  records.append(Buffer.from('b\n'), 1, () => taken++)
  await expect(records.settled()).rejects.toMatchObject({ code: 'OUTPUT_FAILED' })
  expect(taken).toBe(2)
  await records.release()
  await spool.close()
})

test('closing the spool closes and removes what was not let go', async () => {
  const spool = new WatchedSpool()
  const records = new HeldRecords(new MemoryBudget(0), spool)
  const late = new HeldRecords(new MemoryBudget(0), spool)
  records.append(Buffer.from('a\n'), 1, () => {})
  await records.settled()
  // Its file is being made while the spool is closed.
  late.append(Buffer.from('b\n'), 1, () => {})
  await spool.close()
  await late.settled().catch(() => {})
  expect(spool.files.length).toBeGreaterThan(0)
  for (const { path, handle } of spool.files) {
    expect(handle.fd).toBe(-1)
    expect(existsSync(dirname(path))).toBe(false)
  }
  await Promise.all([records.release(), late.release()])
})
