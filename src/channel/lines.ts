/** Lines of NDJSON out of chunks that are cut anywhere. */

const LF = 0x0a

/** Each line without its LF; a line within one chunk is not copied. */
export function* splitLines(chunks: Iterable<Uint8Array>): Generator<Buffer> {
  let carried: Uint8Array[] = []
  for (const chunk of chunks) {
    let from = 0
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, from)) {
      const piece = chunk.subarray(from, end)
      yield carried.length === 0
        ? Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
        : Buffer.concat([...carried, piece])
      carried = []
      from = end + 1
    }
    if (from < chunk.byteLength) carried.push(new Uint8Array(chunk.subarray(from)))
  }
  if (carried.length > 0) yield Buffer.concat(carried)
}
