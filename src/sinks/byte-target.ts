/** Where bytes go: a file or stdout. */

import { fstatSync, writeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { Socket } from 'node:net'
import { MillError } from '../errors.ts'

export interface ByteTarget {
  /** Resolves when all bytes are taken. One call at a time. */
  write(bytes: Uint8Array): Promise<void>
  close(): Promise<void>
}

/** A file that bytes are added to. */
export async function openFile(path: string, existing: 'refuse' | 'append' | 'replace'): Promise<ByteTarget> {
  const file = await open(path, existing === 'replace' ? 'w' : 'a').catch((cause) => {
    throw outputFailed(path, cause)
  })
  if (existing === 'refuse' && (await file.stat()).size > 0) {
    await file.close()
    throw new MillError('OUTPUT_EXISTS', `${path} exists and has data in it`)
  }
  return {
    async write(bytes) {
      try {
        await file.appendFile(bytes)
      } catch (cause) {
        throw outputFailed(path, cause)
      }
    },
    async close() {
      try {
        await file.sync().catch(ignoreUnsyncable)
      } catch (cause) {
        throw outputFailed(path, cause)
      } finally {
        await file.close()
      }
    },
  }
}

/** Devices and pipes given as a file cannot be synced, and need not be. */
function ignoreUnsyncable(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EINVAL' && error.code !== 'ENOTSUP') throw error
}

/**
 * Standard output. A pipe is written without ever blocking the main loop, which `process.stdout` does for pipes; a reader that went away is
 * OUTPUT_CLOSED. Data never goes through `console.log`: it loses what a closed pipe refuses, with exit code 0.
 */
export function openStdout(): ByteTarget {
  const kind = fstatSync(1)
  if (!kind.isFIFO() && !kind.isSocket()) return stdoutFile()
  const socket = new Socket({ fd: 1, readable: false, writable: true })
  let failure: Error | undefined
  socket.on('error', (error) => {
    failure = error
  })
  return {
    async write(bytes) {
      const { promise, resolve } = Promise.withResolvers<Error | null | undefined>()
      socket.write(bytes, resolve)
      const error = (await promise) ?? failure
      if (error !== undefined && error !== null) throw outputFailed('stdout', error)
    },
    async close() {
      socket.destroy()
    },
  }
}

/** A terminal or a redirected file: writing to it does not wait for a reader. */
function stdoutFile(): ByteTarget {
  return {
    async write(bytes) {
      for (let rest = bytes; rest.byteLength > 0; ) {
        try {
          rest = rest.subarray(writeSync(1, rest))
        } catch (cause) {
          if (!isErrno(cause) || cause.code !== 'EAGAIN') throw outputFailed('stdout', cause)
          await new Promise((resume) => setTimeout(resume, 5))
        }
      }
    },
    async close() {},
  }
}

function isErrno(thrown: unknown): thrown is NodeJS.ErrnoException {
  return thrown instanceof Error && 'code' in thrown
}

function outputFailed(target: string, cause: unknown): MillError {
  if (cause instanceof MillError) return cause
  if (isErrno(cause) && cause.code === 'EPIPE') {
    return new MillError('OUTPUT_CLOSED', `the reader of ${target} went away`, { cause })
  }
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new MillError('OUTPUT_FAILED', `${target} could not be written: ${reason}`, { cause })
}
