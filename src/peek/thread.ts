/** The thread that peeks, from main's side. One is enough: it reads little. */
import { Worker } from 'node:worker_threads'
import type { PeekOutcome, PeekReport, PeekTask, PeekThreadData } from '../channel/peek-protocol.ts'
import { MillError } from '../errors.ts'

/** TypeScript in the clone, JavaScript in the package, whichever this file is. */
const THREAD_FILE = new URL(`../../workers/peek${import.meta.url.slice(-3)}`, import.meta.url)

export class PeekThread implements AsyncDisposable {
  readonly #worker: Worker
  readonly #waiting = new Map<number, PromiseWithResolvers<PeekOutcome>>()
  #tasks = 0

  constructor(data: PeekThreadData) {
    this.#worker = new Worker(THREAD_FILE, { workerData: data })
    this.#worker.on('message', ({ id, outcome }: PeekReport) => {
      this.#waiting.get(id)?.resolve(outcome)
      this.#waiting.delete(id)
    })
    this.#worker.on('error', (error) => this.#crash(error instanceof Error ? error.message : String(error)))
    this.#worker.on('exit', (code) => this.#crash(`the thread ended with exit code ${code}`))
  }

  /** Looks into one document. Never rejects. */
  peek(url: string): Promise<PeekOutcome> {
    const id = this.#tasks++
    const answer = Promise.withResolvers<PeekOutcome>()
    this.#waiting.set(id, answer)
    const task: PeekTask = { id, url }
    this.#worker.postMessage(task)
    return answer.promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate()
  }

  #crash(message: string): void {
    const failure = new MillError('WORKER_CRASHED', message).toFailure()
    for (const answer of this.#waiting.values()) answer.resolve({ status: 'failed', failure })
    this.#waiting.clear()
  }
}
