/** What a document type declaration says that matters to a processor that does not validate. */
import type { DoctypeError } from './cursor.ts'

export type GeneralEntity =
  /** `value` is the replacement text (4.5): character references are replaced, general references are not. */
  | { readonly kind: 'internal'; readonly value: string }
  | { readonly kind: 'external' }
  | { readonly kind: 'unparsed'; readonly notation: string }

export interface Attribute {
  /** Its type is another one than CDATA: spaces at the ends go, runs of them become one (3.3.3). */
  readonly normalised: boolean
  /** The value where the attribute is absent: references expanded, white space normalised for its type. */
  readonly default?: string
}

export interface Doctype {
  /** The root element's name. */
  readonly name: string
  readonly publicId?: string
  readonly systemId?: string
  readonly hasExternalSubset: boolean
  /** The internal subset refers to a parameter entity. Then, as with an external subset, an undeclared entity is no error unless standalone. */
  readonly hasParameterReference: boolean
  /** Without the five that XML predefines: they mean the same however they are declared (4.6). */
  readonly generalEntities: ReadonlyMap<string, GeneralEntity>
  /** By element, then by attribute, names as written. */
  readonly attributes: ReadonlyMap<string, ReadonlyMap<string, Attribute>>
  /** What Namespaces in XML 1.0 (section 7) forbids beyond XML: a colon in the name of an entity, notation or processing instruction, or two in another name. */
  readonly namespaceErrors: readonly DoctypeError[]
}
