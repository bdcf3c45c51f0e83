/** libxml2 as a judge: non-validating, and without anything external. */
import {
  ParseOption,
  XmlCData,
  XmlDocument,
  XmlElement,
  XmlEntityReference,
  XmlParseError,
  XmlText,
  XmlXPath,
} from 'libxml2-wasm'
import { ContentBuilder, type Element, type TextComparison } from './xml-content.ts'

/** libxml2's xmlErrorLevel: below it stand warnings and errors of validity and of namespaces, which leave a document well-formed. */
const XML_ERR_FATAL = 3

// Behind any error, such as an ID that is no name, libxml2 is silent about what follows the root element: hence no IDs.
const SAFE =
  ParseOption.XML_PARSE_NO_XXE |
  ParseOption.XML_PARSE_NONET |
  ParseOption.XML_PARSE_HUGE |
  ParseOption.XML_PARSE_SKIP_IDS
/** Entities expanded, defaults of attributes added. */
const COMPLETE = SAFE | ParseOption.XML_PARSE_NOENT | ParseOption.XML_PARSE_DTDATTR

/** Undefined for a well-formed document, else the first fatal error's message. Namespaces are not judged. */
export function libxml2Objection(bytes: Uint8Array): string | undefined {
  // The binding passes an empty buffer as a null pointer, for which libxml2 reports nothing.
  if (bytes.length === 0) return 'Document is empty'
  try {
    XmlDocument.fromBuffer(bytes, { option: SAFE }).dispose()
    return undefined
  } catch (thrown) {
    if (!(thrown instanceof XmlParseError)) throw thrown
    const fatal = thrown.details.find((detail) => detail.level >= XML_ERR_FATAL)
    if (fatal !== undefined) return fatal.message.trim()
    return thrown.details.length === 0 ? thrown.message : undefined
  }
}

/**
 * The root element as libxml2 reads it; undefined where it has any objection, such as an unbound prefix: the binding
 * then gives no tree.
 */
export function libxml2Content(bytes: Uint8Array, comparison: TextComparison): Element | undefined {
  try {
    using document = XmlDocument.fromBuffer(bytes, { option: COMPLETE })
    return elementOf(document.root, comparison)
  } catch (thrown) {
    if (thrown instanceof XmlParseError) return undefined
    throw thrown
  }
}

const CHILDREN = XmlXPath.compile('node()')

function elementOf(element: XmlElement, comparison: TextComparison): Element {
  const builder = new ContentBuilder()
  for (const [prefix, uri] of Object.entries(element.nsDeclarations)) {
    builder.addAttribute(prefix === '' ? 'xmlns' : `xmlns:${prefix}`, uri)
  }
  for (const attribute of element.attrs) builder.addAttribute(nameOf(attribute), attribute.value)
  // Not by `next`: the binding's instructions have none.
  for (const node of element.find(CHILDREN)) {
    if (node instanceof XmlElement) {
      const { name, content } = elementOf(node, comparison)
      builder.addChild(name, content)
    } else if (node instanceof XmlText || node instanceof XmlCData) builder.addText(node.content)
    else if (node instanceof XmlEntityReference) builder.addText(`&${node.name};`)
  }
  return { name: nameOf(element), content: builder.build(comparison) }
}

function nameOf({ prefix, name }: { readonly prefix: string; readonly name: string }): string {
  return prefix === '' ? name : `${prefix}:${name}`
}
