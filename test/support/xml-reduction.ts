/** The smallest input that still shows a finding: what a person can read. */
import { Buffer } from 'node:buffer'

/**
 * Bytes cut out of `bytes` for as long as `holds` stays true (Zeller's ddmin, complement step only).
 * Costs some hundred calls of `holds` for a document of a few KiB.
 */
export function reduceBytes(bytes: Uint8Array, holds: (candidate: Uint8Array) => boolean): Uint8Array {
  let current: Buffer = Buffer.from(bytes)
  for (let size = Math.ceil(current.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    let removed = true
    while (removed) {
      removed = false
      for (let from = 0; from < current.length; ) {
        const candidate = Buffer.concat([current.subarray(0, from), current.subarray(from + size)])
        if (holds(candidate)) {
          current = candidate
          removed = true
        } else from += size
      }
      if (size > 1) break
    }
  }
  return current
}

/** `reduceBytes` for text: never cuts through a character. */
export function reduceText(text: string, holds: (candidate: string) => boolean): string {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const reduced = reduceBytes(Buffer.from(text), (candidate) => {
    try {
      return holds(decoder.decode(candidate))
    } catch {
      return false
    }
  })
  return decoder.decode(reduced)
}
