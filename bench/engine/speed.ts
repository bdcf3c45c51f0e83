/**
 * The engine's speed in one thread: bytes of XML to bytes of JSON lines, against fast-xml-parser with JSON.stringify and
 * encoding, in the same run. `node bench/engine/speed.ts FOLDER` takes a folder of XML documents; medians of CPU time.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { XMLParser } from 'fast-xml-parser'
import { createEngine, type EngineOptions } from '../../workers/xml/engine/engine.ts'
import type { Parser } from '../../workers/xml/parser.ts'

const ROUNDS = 9
const folder = process.argv[2] ?? '../shared/corpus/acl'
const documents = readdirSync(folder)
  .filter((name) => name.endsWith('.xml'))
  .map((name) => readFileSync(join(folder, name)))
const bytes = documents.reduce((sum, { length }) => sum + length, 0)

const options: EngineOptions = { record: [], array: [], envelope: true, maxDepth: 256, maxRecordBytes: 64 << 20 }

function mill(parser: Parser, document: Buffer, chunkBytes: number): void {
  const milled = parser.open({ url: 'file:///document.xml' }, () => {})
  for (let from = 0; from < document.length; from += chunkBytes)
    milled.write(document.subarray(from, from + chunkBytes))
  milled.end()
  milled.close()
}

/** Megabytes of XML a second of CPU time, the median of `rounds`. */
function speed(work: (document: Buffer) => void, rounds = ROUNDS): number {
  const times = Array.from({ length: rounds }, () => {
    const before = process.cpuUsage()
    for (const document of documents) work(document)
    const { user, system } = process.cpuUsage(before)
    return user + system
  }).sort((a, b) => a - b)
  return bytes / (times[rounds >> 1] ?? 1)
}

const whole = createEngine(options)
const papers = createEngine({ ...options, record: ['paper'] })
const ordered = createEngine({ ...options, shape: 'ordered' })
const fastXmlParser = new XMLParser({ ignoreAttributes: false, parseTagValue: false, parseAttributeValue: false })

const slow = speed((document) => Buffer.from(JSON.stringify(fastXmlParser.parse(document.toString()))), 3)
const rows: [string, number][] = [
  ['fast-xml-parser, JSON.stringify, encode', slow],
  ['engine, whole documents', speed((document) => mill(whole, document, document.length))],
  ['engine, chunks of 64 KiB', speed((document) => mill(whole, document, 64 << 10))],
  ['engine, cut into records (--record paper)', speed((document) => mill(papers, document, 64 << 10))],
  ['engine, ordered shape', speed((document) => mill(ordered, document, 64 << 10))],
]
process.stdout.write(`${documents.length} documents, ${(bytes / 1e6).toFixed(1)} MB\n`)
for (const [name, rate] of rows) {
  process.stdout.write(
    `${name.padEnd(44)}${rate.toFixed(0).padStart(6)} MB/s${(rate / slow).toFixed(1).padStart(7)}x\n`,
  )
}
