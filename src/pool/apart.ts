/**
 * Documents in a process of their own, one at a time: those that were under way when an earlier run's process ended. Whichever of them
 * did it ends this process, as often as it likes, and no other document is lost with it.
 *
 * Records cross a pipe and are copied four times. Suspects are few.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Task } from '../channel/protocol.ts'
import { MillError } from '../errors.ts'
import { failpoint } from '../failpoint.ts'
import type { ThreadOptions } from '../options.ts'
import type { FromApart, ToApart } from './apart-messages.ts'
import type { PoolOptions, TaskEnd, TaskObserver } from './task.ts'

const PROCESS_FILE = fileURLToPath(new URL(`./apart-process${import.meta.url.slice(-3)}`, import.meta.url))

export class Apart {
  readonly #options: ThreadOptions
  readonly #pool: PoolOptions
  #child: ChildProcess | undefined
  #turn: Promise<unknown> = Promise.resolve()
  #isClosed = false

  constructor(options: ThreadOptions, { refusers, heapBytes: { alone } }: PoolOptions) {
    this.#options = options
    this.#pool = { refusers, threads: 1, concurrentTasksPerThread: 1, heapBytes: { shared: alone, alone } }
  }

  /** Mills one document, when those before it have ended. */
  run(task: Task, observer: TaskObserver): Promise<TaskEnd> {
    const end = this.#turn.then(() => this.#run(task, observer))
    this.#turn = end.catch(() => {})
    return end
  }

  /** Ends the process with what it is doing. */
  close(): void {
    this.#isClosed = true
    this.#child?.kill('SIGKILL')
  }

  async #run(task: Task, observer: TaskObserver): Promise<TaskEnd> {
    if (this.#isClosed) throw new MillError('ABORTED', 'the threads were stopped')
    const child = this.#child ?? this.#start()
    const { promise, resolve } = Promise.withResolvers<TaskEnd>()
    const ended = (how: string) => {
      this.#child = undefined
      const message = `the process that it had to itself ended ${how}`
      resolve({ status: 'crashed', cause: 'process', blame: 'culprit', isFirst: true, message })
    }
    const onExit = (code: number | null, signal: string | null) =>
      ended(signal === null ? `with ${code}` : `by ${signal}`)
    const onError = (error: Error) => ended(`before it began: ${error.message}`)
    const onMessage = (message: unknown) => {
      if (!isFromApart(message)) return
      if (message.type === 'end') {
        failpoint('channel.report')
        resolve(message.end)
      } else if (message.type === 'batch') {
        failpoint('channel.batch')
        const { number, batch } = message
        observer.onBatch(batch, { taken: () => tell(child, { type: 'taken', batch: number }), spent() {} })
      } else if (message.type === 'downloaded') observer.onDownloaded()
      else observer.onProgress(message.progress, message.thread)
    }
    child.on('message', onMessage).once('exit', onExit).once('error', onError)
    tell(child, { type: 'run', task })
    return promise.finally(() => child.off('message', onMessage).off('exit', onExit).off('error', onError))
  }

  #start(): ChildProcess {
    // What kills this process at a named place is not meant for that one.
    const { XMLMILL_FAILPOINT: _, ...env } = process.env
    const child = fork(PROCESS_FILE, { env, execArgv: [], serialization: 'advanced' })
    this.#child = child
    // Also when nobody waits for it, as between two documents.
    child.on('error', () => {})
    child.on('exit', () => {
      if (this.#child === child) this.#child = undefined
    })
    tell(child, { type: 'open', options: this.#options, pool: this.#pool })
    return child
  }
}

/** What cannot be sent any more, its end says. */
function tell(child: ChildProcess, message: ToApart): void {
  if (child.connected) child.send(message, () => {})
}

function isFromApart(message: unknown): message is FromApart {
  return typeof message === 'object' && message !== null && 'type' in message
}
