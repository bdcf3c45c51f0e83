/** The servers that a fleet is measured against: they count what is asked of them. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

/** What the hosts have seen. */
export interface Seen {
  readonly requests: number
  readonly mostAtOnce: number
  /** Most starts at one host within a second. */
  readonly mostInASecond: number
}

interface OriginData {
  readonly hosts: number
  readonly answerMs: number
}

/** Hosts in a thread of their own, a port each. */
export class Origin {
  readonly #thread: Worker
  readonly ports: readonly number[]

  private constructor(thread: Worker, ports: readonly number[]) {
    this.#thread = thread
    this.ports = ports
  }

  static async start(hosts: number, answerMs: number): Promise<Origin> {
    const data: OriginData = { hosts, answerMs }
    const thread = new Worker(new URL(import.meta.url), { workerData: data })
    const [ports] = await once(thread, 'message')
    return new Origin(thread, ports)
  }

  urls(count: number): Iterable<string> {
    const { ports } = this
    return Array.from({ length: count }, (_, index) => `http://127.0.0.1:${ports[index % ports.length]}/${index}.xml`)
  }

  async seen(): Promise<Seen> {
    this.#thread.postMessage('seen')
    const [seen] = await once(this.#thread, 'message')
    return seen
  }

  async stop(): Promise<void> {
    await this.#thread.terminate()
  }
}

function serveOrigin({ hosts, answerMs }: OriginData): void {
  const seen = { requests: 0, mostAtOnce: 0, mostInASecond: 0 }
  const servers = Array.from({ length: hosts }, (): Server => {
    let running = 0
    const starts: number[] = []
    return createServer((request, response) => {
      const now = performance.now()
      seen.requests += 1
      running += 1
      seen.mostAtOnce = Math.max(seen.mostAtOnce, running)
      starts.push(now)
      while (now - (starts[0] ?? now) >= 1000) starts.shift()
      seen.mostInASecond = Math.max(seen.mostInASecond, starts.length)
      // Over when the last byte is written: what comes after is no burden to the host.
      const answer = () => {
        running -= 1
        response.end(`<l><p>${request.url}</p><p>b</p></l>`)
      }
      if (answerMs === 0) answer()
      else setTimeout(answer, answerMs)
    })
  })
  const open = servers.map(async (server) => {
    server.keepAliveTimeout = 60_000
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  })
  void Promise.all(open).then((ports) => parentPort?.postMessage(ports))
  parentPort?.on('message', () => parentPort?.postMessage(seen))
}

if (!isMainThread) serveOrigin(workerData)
