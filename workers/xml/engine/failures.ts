/** What the engine's reasons mean: a code and a sentence each, with line, column, element path and what stands around. */
import type { ErrorCode } from '../../../src/errors.ts'
import { MillError } from '../../../src/errors.ts'
import type { Instance } from './instance.ts'

interface Reason {
  readonly code: ErrorCode
  readonly sentence: (instance: Instance) => string
}

const says = (code: ErrorCode, sentence: string | ((instance: Instance) => string)): Reason => ({
  code,
  sentence: typeof sentence === 'string' ? () => sentence : sentence,
})
const syntax = (sentence: string | ((instance: Instance) => string)) => says('XML_SYNTAX', sentence)
const namespace = (sentence: string | ((instance: Instance) => string)) => says('XML_NAMESPACE_INVALID', sentence)

/** By number, as in assembly/failure.ts. */
const REASONS: ReadonlyMap<number, Reason> = new Map([
  [0, says('XML_TRUNCATED', truncation)],
  [
    1,
    says('XML_CHARACTER_INVALID', (instance) => `the character ${instance.invalidCharacter()} is not allowed in XML`),
  ],
  [2, syntax((instance) => `the character ${instance.characterAtFailure()} is not allowed in a name`)],
  [
    3,
    says(
      'XML_TAG_MISMATCH',
      (instance) => `</${instance.subject()}> closes <${instance.innermost()}> opened at ${instance.innermostPlace()}`,
    ),
  ],
  [4, says('XML_TAG_MISMATCH', 'an end tag closes nothing: no element is open')],
  [5, says('XML_ATTRIBUTE_DUPLICATE', (instance) => `the attribute ${instance.subject()} stands twice in one tag`)],
  [6, syntax('white space must stand before an attribute')],
  [
    7,
    syntax(
      (instance) =>
        `${instance.characterAtFailure()} cannot stand in a tag here: an attribute, "/>" or ">" is expected`,
    ),
  ],
  [8, syntax('"=" must follow the name of an attribute')],
  [9, syntax('the value of an attribute must stand in quotes')],
  [10, syntax('"<" cannot stand in the value of an attribute: write "&lt;"')],
  [11, syntax((instance) => `">" must end the tag, not ${instance.characterAtFailure()}`)],
  [12, syntax('"&" must begin a reference such as "&amp;" or "&#233;"')],
  [13, says('XML_CHARACTER_INVALID', 'a character reference names a character that is not allowed in XML')],
  [14, syntax('"]]>" cannot stand in text: write "]]&gt;"')],
  [15, syntax('"--" cannot stand in a comment')],
  [16, syntax('"<?" must be followed by a name')],
  [17, syntax('white space or "?>" must follow the target of a processing instruction')],
  [18, syntax('an XML declaration, or the reserved name xml, can only stand at the very beginning, in small letters')],
  [19, says('XML_ROOT_INVALID', 'text cannot stand outside the root element')],
  [20, says('XML_ROOT_INVALID', (instance) => `<${instance.subject()}> is a second root element`)],
  [
    21,
    syntax(
      (instance) =>
        `"<" begins no markup here: ${instance.characterAtFailure()} follows; write "&lt;" for the character`,
    ),
  ],
  [22, says('XML_ROOT_INVALID', 'a CDATA section cannot stand outside the root element')],
  [23, says('XML_DOCTYPE_INVALID', 'a document type declaration can stand only once, before the root element')],
  [24, says('DEPTH_TOO_GREAT', (instance) => `elements are nested more deeply than --max-depth ${instance.maxDepth}`)],
  [25, says('RECORD_TOO_LARGE', (instance) => `a record is larger than --max-record-bytes ${instance.maxRecordBytes}`)],
  [
    26,
    says(
      'RECORD_TOO_LARGE',
      (instance) => `a tag or declaration is larger than --max-record-bytes ${instance.maxRecordBytes}`,
    ),
  ],
  [
    27,
    says(
      'NAMES_TOO_MANY',
      (instance) =>
        `the document's different names take more memory than --max-record-bytes ${instance.maxRecordBytes} allows`,
    ),
  ],
  [
    28,
    says('RECORD_TOO_LARGE', 'a record takes more memory than there is; a lower --max-record-bytes says so earlier'),
  ],
  [
    29,
    says(
      'XML_ENTITY_INVALID',
      (instance) =>
        `the text of &${instance.innermostEntity()}; is not whole by itself: an element or other markup begins or ends in it alone`,
    ),
  ],
  [30, says('XML_ENTITY_EXPANSION', (instance) => `the entity &${instance.subject()}; contains itself`)],
  [31, says('XML_ENTITY_EXPANSION', 'entities expand to more than 100 times what was read of the document')],
  [34, namespace((instance) => `the prefix of ${instance.subject()} is bound to no namespace`)],
  [35, namespace((instance) => `${instance.subject()} has colons where a name with a namespace has none`)],
  [36, namespace((instance) => `${instance.subject()} declares what Namespaces in XML reserves or forbids`)],
  [
    37,
    namespace(
      (instance) => `the attribute ${instance.subject()} stands twice in one tag, under two prefixes of one namespace`,
    ),
  ],
  [38, says('XML_ENTITY_EXPANSION', 'entities are nested more than 40 deep')],
  [39, syntax('"</" must be followed by a name')],
])

/** By number, as `within` in assembly/prolog.ts. */
const TOKENS = ['', 'a comment', 'a processing instruction', 'a CDATA section']

function truncation(instance: Instance): string {
  const token = TOKENS[instance.calls.withinToken()] || instance.unfinishedToken()
  const place =
    instance.innermost() === ''
      ? ''
      : `, with <${instance.innermost()}> opened at ${instance.innermostPlace()} not closed`
  if (token === '' && place === '') return 'the document ends before its root element'
  return `the document ends${token === '' ? '' : ` inside ${token}`}${place}`
}

/** The error that the engine has stopped with. */
export function engineError(instance: Instance): MillError {
  const reason = REASONS.get(instance.calls.failureReason())
  if (reason === undefined)
    return new MillError('INTERNAL', `the engine stopped for reason ${instance.calls.failureReason()}`)
  return errorAt(instance, instance.calls.failureAddress(), reason.code, reason.sentence(instance))
}

/** An error at an address of the input. Its line and column are fields: whoever shows it shows them. */
export function errorAt(instance: Instance, address: number, code: ErrorCode, sentence: string): MillError {
  const path = instance.path()
  const where = path === '' ? '' : `, in ${path}`
  return new MillError(code, `${sentence}${where}, near ${instance.around(address)}`, instance.placeOf(address))
}
