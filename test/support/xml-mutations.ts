/** Damage as it happens to documents, and worse: what an oracle and a fuzzer feed on. */
import { Buffer } from 'node:buffer'
import { between, chance, pick, type Random } from './seeded-random.ts'

type Mutation = (bytes: Buffer, random: Random) => Buffer

/** What markup is made of: inserted anywhere, each is a chance to break exactly one rule. */
const TOKENS = [
  '<',
  '>',
  '/',
  '&',
  ';',
  '"',
  "'",
  '=',
  ' ',
  '\n',
  '\r',
  '\t',
  '!',
  '?',
  '-',
  ':',
  '#',
  '%',
  '[',
  ']',
  '(',
  ')',
  '|',
  ',',
  '*',
  '0',
  'x',
  '--',
  ']]>',
  '<!--',
  '-->',
  '<?',
  '?>',
  '<![CDATA[',
  '<a>',
  '</a>',
  '<a/>',
  '<b c="d"/>',
  ' id="1"',
  ' xmlns:p="urn:p"',
  'p:',
  'xml',
  '&amp;',
  '&#x0;',
  '&#65;',
  '&#xD800;',
  '&#1114112;',
  '&no;',
  '&a;',
  '%p;',
  '<?xml version="1.0"?>',
  '<!DOCTYPE a>',
  '<!DOCTYPE a [',
  ']>',
  '<!ENTITY e "v">',
  '<!ENTITY % p "v">',
  '<!ELEMENT a ANY>',
  '<!ATTLIST a b CDATA #IMPLIED>',
  '<!NOTATION n SYSTEM "x">',
  '<![INCLUDE[',
  '\0',
  '\u0001',
  '\u000b',
  '\u001f',
  '\u007f',
  '\u0085',
  '\u00b7',
  '\u00d7',
  '\u037e',
  '\u2028',
  '\ufeff',
  '\ufffe',
  '\uffff',
  '\u{10ffff}',
  '\u{1f600}',
  'é',
] as const

const MUTATIONS: readonly [readonly [string, Mutation], ...(readonly [string, Mutation])[]] = [
  ['bit flipped', flipBit],
  ['byte replaced', replaceByte],
  ['bytes cut', cut],
  ['bytes doubled', double],
  ['end cut off', truncate],
  ['token inserted', insertToken],
  ['token overwritten', overwriteWithToken],
  ['tags swapped', swapTags],
  ['tag removed', removeTag],
  ['tag doubled', doubleTag],
  ['name changed', changeName],
  ['spaces removed', removeSpace],
]

export interface Mutated {
  readonly bytes: Uint8Array
  /** What was done, in order. */
  readonly mutations: readonly string[]
}

/** A damaged copy: one mutation mostly, up to four. The result may still be well-formed, or be as it was. */
export function mutate(bytes: Uint8Array, random: Random): Mutated {
  let mutated: Buffer = Buffer.from(bytes)
  const mutations: string[] = []
  do {
    const [name, mutation] = pick(random, MUTATIONS)
    mutated = mutation(mutated, random)
    mutations.push(name)
  } while (mutations.length < 4 && chance(random, 0.25))
  return { bytes: mutated, mutations }
}

function splice(bytes: Buffer, from: number, to: number, insert: Buffer | string): Buffer {
  return Buffer.concat([bytes.subarray(0, from), Buffer.from(insert), bytes.subarray(to)])
}

function flipBit(bytes: Buffer, random: Random): Buffer {
  const at = between(random, 0, bytes.length - 1)
  const copy = Buffer.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ (1 << between(random, 0, 7))
  return copy
}

function replaceByte(bytes: Buffer, random: Random): Buffer {
  const copy = Buffer.from(bytes)
  // Mostly ASCII: other bytes nearly always end as invalid UTF-8, which the decoder alone judges.
  copy[between(random, 0, bytes.length - 1)] = between(random, 0, chance(random, 0.9) ? 127 : 255)
  return copy
}

function range(bytes: Buffer, random: Random): readonly [from: number, to: number] {
  const from = between(random, 0, bytes.length)
  const length = chance(random, 0.6) ? between(random, 1, 4) : between(random, 1, 40)
  return [from, Math.min(bytes.length, from + length)]
}

function cut(bytes: Buffer, random: Random): Buffer {
  const [from, to] = range(bytes, random)
  return splice(bytes, from, to, '')
}

function double(bytes: Buffer, random: Random): Buffer {
  const [from, to] = range(bytes, random)
  return splice(bytes, to, to, bytes.subarray(from, to))
}

function truncate(bytes: Buffer, random: Random): Buffer {
  return bytes.subarray(0, between(random, 0, bytes.length))
}

function insertToken(bytes: Buffer, random: Random): Buffer {
  const at = between(random, 0, bytes.length)
  return splice(bytes, at, at, pick(random, TOKENS))
}

function overwriteWithToken(bytes: Buffer, random: Random): Buffer {
  const [from, to] = range(bytes, random)
  return splice(bytes, from, to, pick(random, TOKENS))
}

/** Where `<…>` stands, judged roughly: latin1 keeps one character a byte. */
function matches(bytes: Buffer, pattern: RegExp): (readonly [from: number, to: number])[] {
  return [...bytes.toString('latin1').matchAll(pattern)].map((match) => [match.index, match.index + match[0].length])
}

function pickRange(random: Random, ranges: readonly (readonly [number, number])[]): readonly [number, number] {
  const [first, ...rest] = ranges
  return first === undefined ? [0, 0] : pick(random, [first, ...rest])
}

const TAG = /<[^<>]*>/g
const NAME = /[\w:.-]+/g
const SPACE = /[ \t\r\n]+/g

function swapTags(bytes: Buffer, random: Random): Buffer {
  const tags = matches(bytes, TAG)
  const [one, other] = [pickRange(random, tags), pickRange(random, tags)].sort((a, b) => a[0] - b[0])
  if (one === undefined || other === undefined || one[0] === other[0]) return bytes
  return Buffer.concat([
    bytes.subarray(0, one[0]),
    bytes.subarray(other[0], other[1]),
    bytes.subarray(one[1], other[0]),
    bytes.subarray(one[0], one[1]),
    bytes.subarray(other[1]),
  ])
}

function removeTag(bytes: Buffer, random: Random): Buffer {
  const [from, to] = pickRange(random, matches(bytes, TAG))
  return splice(bytes, from, to, '')
}

function doubleTag(bytes: Buffer, random: Random): Buffer {
  const [from, to] = pickRange(random, matches(bytes, TAG))
  return splice(bytes, to, to, bytes.subarray(from, to))
}

function changeName(bytes: Buffer, random: Random): Buffer {
  const names = matches(bytes, NAME)
  const [from, to] = pickRange(random, names)
  const [otherFrom, otherTo] = pickRange(random, names)
  return splice(bytes, from, to, bytes.subarray(otherFrom, otherTo))
}

function removeSpace(bytes: Buffer, random: Random): Buffer {
  const [from, to] = pickRange(random, matches(bytes, SPACE))
  return splice(bytes, from, to, '')
}
