// How scanning stops. A scanning function takes the address of a token and returns the address after it, or 0 with
// `reason` and `at` set. A token is committed only when it is whole, so whatever stopped it, it can be tried again.
import { end } from './memory'

// What run() says to the host.
export const STATUS_BAD: i32 = -1
/** All input is used: feed more. */
export const STATUS_NEED: i32 = 0
/** The output holds about a batch: drain it, then run again. */
export const STATUS_FULL: i32 = 1
export const STATUS_DONE: i32 = 2
/** The XML declaration stands at tokenStart; the host checks it, then runs again. */
export const STATUS_DECLARATION: i32 = 3
/** As STATUS_DECLARATION, for the document type declaration. */
export const STATUS_DOCTYPE: i32 = 4
/** An entity is used for the first time: the host defines it, then runs again. */
export const STATUS_ENTITY: i32 = 5

// Why a token stopped. The host's failures.ts has a sentence for each.
export const STARVED: i32 = 0
export const CHARACTER: i32 = 1
export const NAME_CHARACTER: i32 = 2
export const TAG_MISMATCH: i32 = 3
export const END_TAG_UNEXPECTED: i32 = 4
export const ATTRIBUTE_DUPLICATE: i32 = 5
export const ATTRIBUTE_SPACE: i32 = 6
export const ATTRIBUTE_NAME: i32 = 7
export const ATTRIBUTE_EQUALS: i32 = 8
export const ATTRIBUTE_QUOTE: i32 = 9
export const ATTRIBUTE_LESS: i32 = 10
export const TAG_END: i32 = 11
export const REFERENCE_SYNTAX: i32 = 12
export const REFERENCE_CHARACTER: i32 = 13
export const TEXT_CDATA_END: i32 = 14
export const COMMENT_DASHES: i32 = 15
export const INSTRUCTION_TARGET: i32 = 16
export const INSTRUCTION_SPACE: i32 = 17
export const DECLARATION_MISPLACED: i32 = 18
export const TEXT_OUTSIDE: i32 = 19
export const SECOND_ROOT: i32 = 20
export const MARKUP_UNKNOWN: i32 = 21
export const CDATA_OUTSIDE: i32 = 22
export const DOCTYPE_MISPLACED: i32 = 23
export const DEPTH: i32 = 24
export const RECORD_SIZE: i32 = 25
export const TOKEN_SIZE: i32 = 26
export const NAMES_SIZE: i32 = 27
export const MEMORY: i32 = 28
export const ENTITY_UNBALANCED: i32 = 29
export const ENTITY_RECURSIVE: i32 = 30
export const ENTITY_EXPANSION: i32 = 31
export const ENTITY_ASKED: i32 = 32
export const TABLES_FULL: i32 = 33
export const NAMESPACE_PREFIX: i32 = 34
export const NAMESPACE_NAME: i32 = 35
export const NAMESPACE_DECLARATION: i32 = 36
export const NAMESPACE_DUPLICATE: i32 = 37
export const ENTITY_DEPTH: i32 = 38
export const NAME_EXPECTED: i32 = 39

export let reason: i32 = 0
export let at: usize = 0
/** The name that the failure is about, where there is one. */
export let subject: u32 = 0

/** Stops a token for good. */
export function fail(why: i32, p: usize): usize {
  reason = why
  at = p
  subject = 0
  return 0
}

export function failWith(why: i32, p: usize, name: u32): usize {
  fail(why, p)
  subject = name
  return 0
}

/** Stops a token until there is more input. */
export function starve(): usize {
  return fail(STARVED, end)
}

/** The byte at p is not what the grammar wants; at the end of the input it is only missing as yet. */
export function unexpected(why: i32, p: usize): usize {
  return p >= end ? starve() : fail(why, p)
}
