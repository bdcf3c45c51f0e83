/** What a parser's answer to a case of the suite is worth. */
import type { ErrorCode } from '../../src/errors.ts'
import { jsonDifference, orderedDifference } from '../support/milled-content.ts'
import { comparisonFor } from '../support/xml-content.ts'
import { decodeBytes, type Milled } from '../support/xml-milling.ts'
import { canonicalContent } from './canonical.ts'
import { EXCEPTIONS } from './exceptions.ts'
import { ERRATA, readCaseFile, type SuiteCase } from './suite.ts'

export type Verdict =
  /** As the suite asks, content included where the suite has canonical output. */
  | 'pass'
  | 'fail'
  /** Not as the suite asks, for a reason that exceptions.ts gives. */
  | 'exception'
  /** Only a parser that reads external entities can be right or wrong here. Never counted as a pass. */
  | 'external'
  /** For another edition or version than XML 1.0, fifth edition, with Namespaces 1.0. */
  | 'inapplicable'
  /** An "error" in the specification's sense: a parser may report it or not. */
  | 'either'
  /** The suite is wrong about it. */
  | 'erratum'

export interface Judgement {
  readonly suiteCase: SuiteCase
  readonly verdict: Verdict
  readonly accepted: boolean
  /** The canonical output was compared. */
  readonly compared: boolean
  /** What the product says of a document that it accepts. */
  readonly notes: readonly string[]
  /** Why it fails; empty otherwise. */
  readonly reason: string
  /** Code of the error where the parser refused it. */
  readonly refusal: ErrorCode | undefined
}

/** The ways in which the product reads a document here. */
export interface Mills {
  /** As by default: the json shape, unbound prefixes counted. */
  readonly plain: (bytes: Uint8Array) => Milled
  /** The ordered shape. */
  readonly ordered: (bytes: Uint8Array) => Milled
  /** What Namespaces in XML forbids is refused. */
  readonly namespaces: (bytes: Uint8Array) => Milled
}

export function judge(suiteCase: SuiteCase, mills: Mills): Judgement {
  // What is malformed for namespaces alone is only refused where a user asks for that.
  const mill = suiteCase.recommendation.startsWith('NS') ? mills.namespaces : mills.plain
  const bytes = readCaseFile(suiteCase.path)
  const milled = mill(bytes)
  const { verdict, compared, reason } = verdictOn(suiteCase, bytes, mills, milled)
  return {
    suiteCase,
    verdict: verdict === 'fail' && EXCEPTIONS.has(suiteCase.id) ? 'exception' : verdict,
    compared,
    reason,
    accepted: milled.ok,
    notes: milled.ok ? Object.keys(milled.notes) : [],
    refusal: milled.ok ? undefined : milled.failure.code,
  }
}

type Grounds = Pick<Judgement, 'verdict' | 'compared' | 'reason'>

const plainly = (verdict: Verdict, reason = ''): Grounds => ({ verdict, compared: false, reason })

function verdictOn(suiteCase: SuiteCase, bytes: Uint8Array, mills: Mills, milled: Milled): Grounds {
  if (ERRATA.includes(suiteCase.id)) return plainly('erratum')
  if (!isApplicable(suiteCase)) return plainly('inapplicable')
  if (suiteCase.type === 'error') return plainly('either')
  if (suiteCase.type === 'not-wf') {
    if (!milled.ok) return plainly(suiteCase.entities === 'none' ? 'pass' : 'external')
    return suiteCase.entities === 'none' ? plainly('fail', 'accepted') : plainly('external')
  }
  // A parser that does not validate accepts both, whether or not it reads what is external.
  if (!milled.ok) return plainly('fail', `${milled.failure.code}: ${milled.failure.message}`)
  if (suiteCase.entities !== 'none') return plainly('external')
  if (suiteCase.outputPath === undefined) return plainly('pass')
  const reason = outputDifference(suiteCase.outputPath, bytes, mills, milled) ?? ''
  return { verdict: reason === '' ? 'pass' : 'fail', compared: true, reason }
}

function isApplicable({ versions, editions, recommendation }: SuiteCase): boolean {
  if (versions !== undefined && !versions.includes('1.0')) return false
  if (editions !== undefined && !editions.includes('5')) return false
  return recommendation !== 'XML1.1' && recommendation !== 'NS1.1'
}

/** Both shapes against the canonical output: json for what it carries, ordered for all of it. */
function outputDifference(path: string, bytes: Uint8Array, mills: Mills, json: Milled): string | undefined {
  const comparison = comparisonFor(decodeBytes(bytes))
  const expected = canonicalContent(decodeBytes(readCaseFile(path)), comparison)
  return jsonDifference(expected, json, comparison) ?? orderedDifference(expected, mills.ordered(bytes), comparison)
}
