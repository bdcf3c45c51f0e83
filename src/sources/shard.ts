/** Which of several runs over one list a document belongs to. Pure, and stable: a list may be split again years later. */
import { hash } from 'node:crypto'
import type { Shard } from '../options.ts'

/** Digits in hexadecimal of the hash that count: 48 bits are a whole number in a double. */
const HASH_DIGITS = 12

/**
 * Whether what goes by this name is of the shard: the first 48 bits of the name's SHA-256, as a number modulo the count of shards, plus 1.
 *
 * The name of a document is its host (`host:port`), so that all documents of a host are of one shard and its limits hold; of a local file its
 * file URL; of a line that is no document its text, so that one shard tells of it.
 */
export function isOfShard(name: string, { index, count }: Shard): boolean {
  return (Number.parseInt(hash('sha256', name, 'hex').slice(0, HASH_DIGITS), 16) % count) + 1 === index
}
