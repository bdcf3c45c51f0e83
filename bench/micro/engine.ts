/**
 * `node bench/micro/engine.ts [--rounds N] [--corpus DIR --record NAME]`: MB/s of XML on one core, for each kind of document, of the
 * engine and of what else reads XML in Node. Only the first rows end in JSON lines; the others stop at what their names say.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { XMLParser } from 'fast-xml-parser'
import { XmlDocument } from 'libxml2-wasm'
import { SaxesParser } from 'saxes'
import { parse as parseTxml } from 'txml/txml'
import { createDecoder } from '../../workers/charset/decoder.ts'
import { createEngine } from '../../workers/xml/engine/engine.ts'
import { equalDocuments, KINDS } from '../origin/documents.ts'
import { markdown, type Task, type Throughput, throughputs } from './stopwatch.ts'

const DOCUMENTS = 4
const DOCUMENT_BYTES = 1 << 20
const CHUNK_BYTES = 64 << 10

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    corpus: { type: 'string' },
    record: { type: 'string', default: 'record' },
  },
})
const record = [values.record]

const columns = new Map<string, readonly Throughput[]>()
if (values.corpus !== undefined) {
  const folder = values.corpus
  const names = readdirSync(folder).filter((name) => name.endsWith('.xml'))
  columns.set(
    'corpus',
    await throughputs(tasks(names.map((name) => readFileSync(join(folder, name)))), Number(values.rounds)),
  )
} else {
  for (const kind of KINDS) {
    const documents = equalDocuments(kind, 1, DOCUMENTS, DOCUMENT_BYTES)
    columns.set(kind, await throughputs(tasks(documents), Number(values.rounds)))
  }
}
process.stdout.write(markdown(columns))

function tasks(documents: readonly Buffer[]): Task[] {
  const bytes = documents.reduce((sum, { length }) => sum + length, 0)
  const each = (name: string, work: (document: Buffer) => void): Task => ({
    name,
    bytes,
    run: () => {
      for (const document of documents) work(document)
    },
  })
  const settings = { record, array: [], envelope: true, maxDepth: 256, maxRecordBytes: 64 << 20 }
  const engine = createEngine(settings)
  const milled = (document: Buffer, chunkBytes: number, take: (lines: Uint8Array) => void) => {
    const open = engine.open({ url: 'http://127.0.0.1/a.xml' }, take)
    for (let at = 0; at < document.length; at += chunkBytes) open.write(document.subarray(at, at + chunkBytes))
    open.end()
    open.close()
  }
  const fastXmlParser = new XMLParser({
    ignoreAttributes: false,
    parseTagValue: false,
    parseAttributeValue: false,
    htmlEntities: true,
    processEntities: { enabled: true, maxTotalExpansions: Infinity, maxExpandedLength: Infinity },
  })
  const utf8 = new TextEncoder()
  const text = new TextDecoder()
  return [
    each('engine, whole documents', (document) => milled(document, document.length, () => {})),
    each('engine, chunks of 64 KiB', (document) => milled(document, CHUNK_BYTES, () => {})),
    each('engine, then JSON.parse of every line', (document) =>
      milled(document, CHUNK_BYTES, (lines) => {
        for (const line of text.decode(lines).split('\n')) if (line !== '') JSON.parse(line)
      }),
    ),
    each('fast-xml-parser, JSON.stringify, encoded', (document) => {
      utf8.encode(JSON.stringify(fastXmlParser.parse(document.toString())))
    }),
    each('txml (tree of its own)', (document) => {
      parseTxml(document.toString())
    }),
    each('saxes (events)', (document) => {
      new SaxesParser().write(document.toString()).close()
    }),
    each('libxml2-wasm (tree in its memory)', (document) => {
      using tree = XmlDocument.fromBuffer(document)
      if (tree.root.name === '') throw new Error('the root has no name')
    }),
    each('decoder alone, chunks of 64 KiB', (document) => {
      const decoder = createDecoder(undefined)
      for (let at = 0; at < document.length; at += CHUNK_BYTES) {
        decoder.decode(document.subarray(at, at + CHUNK_BYTES))
      }
      decoder.end()
    }),
  ]
}
