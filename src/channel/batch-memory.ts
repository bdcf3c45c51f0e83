/**
 * Memory for bytes that cross between threads, given back as soon as they are done with.
 *
 * An ArrayBuffer that may grow is mapped by itself. An ordinary one comes from malloc, and each thread has an arena there which keeps
 * what was freed in its middle; and it is only freed when a garbage collector finds it. Together that was a third of a run's
 * memory where many large documents go through a transform.
 */

/** Less than this is left to malloc: a mapping has whole pages and costs a few system calls. */
const LEAST_MAPPED_BYTES = 64 << 10

/** Zeroed memory. */
export function batchMemory(bytes: number): ArrayBuffer {
  return bytes < LEAST_MAPPED_BYTES ? new ArrayBuffer(bytes) : new ArrayBuffer(bytes, { maxByteLength: bytes })
}

/** Lets go of it, if it is here and not transferred. Nobody may look at it again. */
export function releaseMemory(buffer: ArrayBuffer): void {
  if (buffer.resizable && !buffer.detached) buffer.resize(0)
}
