/** libxml2 as a judge of well-formedness: non-validating, without namespaces' errors, and without anything external. */
import { ParseOption, XmlDocument, XmlParseError } from 'libxml2-wasm'

/** libxml2's xmlErrorLevel: below it stand warnings and errors of validity and of namespaces, which leave a document well-formed. */
const XML_ERR_FATAL = 3

const OPTIONS = ParseOption.XML_PARSE_NO_XXE | ParseOption.XML_PARSE_NONET | ParseOption.XML_PARSE_HUGE

/** Undefined for a well-formed document, else the first fatal error's message. */
export function libxml2Objection(bytes: Uint8Array): string | undefined {
  // The binding passes an empty buffer as a null pointer, for which libxml2 reports nothing.
  if (bytes.length === 0) return 'Document is empty'
  try {
    XmlDocument.fromBuffer(bytes, { option: OPTIONS }).dispose()
    return undefined
  } catch (thrown) {
    if (!(thrown instanceof XmlParseError)) throw thrown
    const fatal = thrown.details.find((detail) => detail.level >= XML_ERR_FATAL)
    if (fatal !== undefined) return fatal.message.trim()
    return thrown.details.length === 0 ? thrown.message : undefined
  }
}
