/** Where bytes go that cannot be taken back: stdout, a pipe, a device. */

import { fstatSync, writeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { Socket } from 'node:net'
import { isErrno, outputFailed } from './output-error.ts'

export interface ByteTarget {
  /** Resolves when all bytes are taken, and their memory is the caller's again. One call at a time. */
  write(bytes: Uint8Array): Promise<void>
  /** Resolves when nothing is held back. */
  flush?(): Promise<void>
  close(): Promise<void>
}

/** A pipe or device with a name. */
export async function openDevice(path: string): Promise<ByteTarget> {
  const file = await open(path, 'w').catch((cause) => {
    throw outputFailed(path, cause)
  })
  return {
    async write(bytes) {
      try {
        await file.appendFile(bytes)
      } catch (cause) {
        throw outputFailed(path, cause)
      }
    },
    close: () => file.close(),
  }
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
