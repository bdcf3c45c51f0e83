import { existsSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { NO_RECEIPT, type Receipt } from '../../src/channel/protocol.ts'
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

function line(text: string): { bytes: Buffer<ArrayBuffer>; count: number } {
  return { bytes: Buffer.from(text), count: 1 }
}

function whenTaken(taken: () => void): Receipt {
  return { ...NO_RECEIPT, taken }
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
      for (const text of lines)
        records.append(
          line(`${text}\n`),
          whenTaken(() => taken++),
        )
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
  for (const batch of batches) records.append({ bytes: batch, count: 1 }, NO_RECEIPT)
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
  first.append(line('12345678\n'), NO_RECEIPT)
  second.append(line('1234\n'), NO_RECEIPT)
  await second.settled()
  expect(spool.files).toHaveLength(1)
  await first.release()
  const third = new HeldRecords(budget, spool)
  third.append(line('12345678\n'), NO_RECEIPT)
  await third.settled()
  expect(spool.files).toHaveLength(1)
  await spool.close()
})

test('memory is taken at once, the spool only when it is written', async () => {
  const spool = new SpoolDirectory()
  const records = new HeldRecords(new MemoryBudget(5), spool)
  const taken: string[] = []
  records.append(
    line('1234\n'),
    whenTaken(() => taken.push('memory')),
  )
  records.append(
    line('5678\n'),
    whenTaken(() => taken.push('spool')),
  )
  expect(taken).toEqual(['memory'])
  await records.settled()
  expect(taken).toEqual(['memory', 'spool'])
  await spool.close()
})

test('memory may be filled again once it is let go, and what went to the spool once it is there', async () => {
  const spool = new SpoolDirectory()
  const records = new HeldRecords(new MemoryBudget(5), spool)
  const spent: string[] = []
  records.append(line('1234\n'), { ...NO_RECEIPT, spent: () => spent.push('memory') })
  records.append(line('5678\n'), { ...NO_RECEIPT, spent: () => spent.push('spool') })
  await records.settled()
  expect(spent).toEqual(['spool'])
  const reading = records.read()
  await reading.next()
  expect(spent).toEqual(['spool'])
  await records.release()
  await records.release()
  expect(spent).toEqual(['spool', 'memory'])
  await spool.close()
})

test('removes its spool file when it is let go, readable by its owner alone until then', async () => {
  const spool = new WatchedSpool()
  const records = new HeldRecords(new MemoryBudget(0), spool)
  records.append(line('a\n'), NO_RECEIPT)
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
  records.append(
    line('a\n'),
    whenTaken(() => {
      isTaken = true
    }),
  )
  expect(isTaken).toBe(true)
})

test('refuses to be read after it was let go', async () => {
  const records = new HeldRecords(new MemoryBudget(100), new SpoolDirectory())
  records.append(line('a\n'), NO_RECEIPT)
  await records.release()
  await expect(readAll(records)).rejects.toThrow('gone')
  expect(() => readAllSync(records)).toThrow('gone')
})

test('a reading that was begun before it was let go does not end as if it were complete', async () => {
  const spool = new SpoolDirectory()
  const records = new HeldRecords(new MemoryBudget(2), spool)
  records.append(line('a\n'), NO_RECEIPT)
  records.append(line('b\n'), NO_RECEIPT)
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
  first.append(line('a\n'), NO_RECEIPT)
  await first.settled()
  const [file] = spool.files
  if (file === undefined) throw new Error('nothing was spooled')
  rmSync(dirname(file.path), { recursive: true })
  const records = new HeldRecords(new MemoryBudget(0), spool)
  let taken = 0
  records.append(
    line('a\n'),
    whenTaken(() => taken++),
  )
  records.append(
    line('b\n'),
    whenTaken(() => taken++),
  )
  await expect(records.settled()).rejects.toMatchObject({ code: 'OUTPUT_FAILED' })
  expect(taken).toBe(2)
  await records.release()
  await spool.close()
})

test('closing the spool closes and removes what was not let go', async () => {
  const spool = new WatchedSpool()
  const records = new HeldRecords(new MemoryBudget(0), spool)
  const late = new HeldRecords(new MemoryBudget(0), spool)
  records.append(line('a\n'), NO_RECEIPT)
  await records.settled()
  // Its file is being made while the spool is closed.
  late.append(line('b\n'), NO_RECEIPT)
  await spool.close()
  await late.settled().catch(() => {})
  expect(spool.files.length).toBeGreaterThan(0)
  for (const { path, handle } of spool.files) {
    expect(handle.fd).toBe(-1)
    expect(existsSync(dirname(path))).toBe(false)
  }
  await Promise.all([records.release(), late.release()])
})
