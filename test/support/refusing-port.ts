/** A port where nobody is at home, and where nobody moves in meanwhile. */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'

export interface RefusingPort extends AsyncDisposable {
  readonly port: number
  /** `127.0.0.1:port`. */
  readonly host: string
}

/**
 * The near end of a connection: as long as it is open the system gives its port to nobody, and who connects to it is refused. A server
 * that was closed leaves a port that the next one may be given.
 */
export async function refusingPort(): Promise<RefusingPort> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const accepted = once(server, 'connection')
  const socket = connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1')
  await Promise.all([once(socket, 'connect'), accepted])
  const port = socket.localPort ?? 0
  return {
    port,
    host: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
