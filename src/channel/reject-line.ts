/** A line of the file of rejects, whoever has refused the record. */

export interface Reject {
  readonly url: string
  readonly n: number
  /** Of one of several rows that a transform has made of the record. */
  readonly row?: number
  readonly name: string
  readonly code: 'TRANSFORM_THREW' | 'RECORD_REFUSED'
  readonly reason: string
}

const RECORD = Buffer.from(',"record":')
const XML = Buffer.from(',"xml":')
const END = Buffer.from('}\n')

/**
 * @param record JSON text of what was refused
 * @param xml the record's own XML; undefined where it stands in an earlier line, or is not known: a record that has waited in a
 * ledger since a version that did not keep it
 */
export function rejectLine(reject: Reject, record: Uint8Array, xml: Buffer | undefined): Buffer {
  const head = Buffer.from(JSON.stringify(reject).slice(0, -1))
  return Buffer.concat([head, RECORD, record, XML, Buffer.from(JSON.stringify(xml?.toString() ?? null)), END])
}
