import type { JsonType } from './record-type.ts'

/** Records with the type that was inferred for them. */
export interface TypedRecords {
  /** The element's name, as written. */
  readonly name: string
  /** Whether all of them have that name. */
  readonly isOneName: boolean
  readonly type: JsonType
  /** A sentence on what it was inferred from. */
  readonly origin: string
}
