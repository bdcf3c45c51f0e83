/** The servers of the live page and of the metrics: neither keeps the process alive. */
import type { Server } from 'node:http'
import { MillError } from '../errors.ts'

export interface LocalServer {
  readonly server: Server
  /** The one that was asked for, or the one that was found for 0. */
  readonly port: number
}

/**
 * Listens. Whoever opens it answers its requests.
 * @param port 0 is any free one
 * @param flag the option that asks for it
 * @throws MillError PORT_UNAVAILABLE, naming the flag
 */
export async function openServer(port: number, host: string, flag: string): Promise<LocalServer> {
  // An import of it reads each of its exports, and one of them, WebSocket, loads all of undici: 20 to 40 ms of processor time.
  const { createServer } = process.getBuiltinModule('node:http')
  const server = createServer()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(port, host, () => {
    server.off('error', reject)
    resolve()
  })
  try {
    await promise
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new MillError('PORT_UNAVAILABLE', `${flag} cannot listen on port ${port} of ${host}: ${reason}`, { cause })
  }
  // Watching is not a reason to go on.
  server.unref()
  server.on('connection', (socket) => socket.unref())
  const address = server.address()
  return { server, port: typeof address === 'object' && address !== null ? address.port : port }
}

/** Whether a request was made under a name of this machine: else a page elsewhere could read the answer (DNS rebinding). */
export function isLoopbackName(host: string): boolean {
  return /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/i.test(host)
}
