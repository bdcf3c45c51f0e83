/** Text to stdout, where it is all that a command has to say. */
import { MillError } from '../errors.ts'

/**
 * Writes the text and waits until it is out. A reader that goes away, as `head` does, is no error.
 * @throws MillError OUTPUT_FAILED, such as for a full disk
 */
export async function print(text: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  // Beside the callback there is an event, which would end the process.
  process.stdout.on('error', () => {})
  process.stdout.write(text, (error) => {
    if (error === null || error === undefined || ('code' in error && error.code === 'EPIPE')) resolve()
    else reject(new MillError('OUTPUT_FAILED', `stdout: ${error.message}`, { cause: error }))
  })
  await promise
}
