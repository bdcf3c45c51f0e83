/** The threads of a pool as main sees them; one that is gone stays until its tasks are settled, for its pulse says who is to blame. */
import type { MessagePort } from 'node:worker_threads'
import type { Pulse } from '../channel/pulse.ts'

/**
 * What a task had to do with the end of its thread: its code was running (`culprit`), another's was or it had not begun yet (`victim`),
 * or nobody can know (`suspect`): what ended the thread came from outside of any call, such as a timer that a transform left behind.
 */
export type Blame = 'culprit' | 'victim' | 'suspect'

export interface Thread {
  /** Node's threadId. */
  readonly id: number
  readonly port: MessagePort
  readonly pulse: Pulse
  isGone: boolean
  /** Whether its end was told to a task already. */
  isMourned: boolean
}

export interface Finding {
  readonly blame: Blame
  /** Whether this is the first task of its thread to be told. */
  readonly isFirst: boolean
}

export class Roster {
  readonly #threads = new Set<Thread>()
  /** Also of threads that are off the roster. */
  readonly #byPort = new WeakMap<MessagePort, Thread>()

  add(id: number, port: MessagePort, pulse: Pulse): Thread {
    const thread: Thread = { id, port, pulse, isGone: false, isMourned: false }
    this.#threads.add(thread)
    this.#byPort.set(port, thread)
    return thread
  }

  get living(): Thread[] {
    return [...this.#threads].filter((thread) => !thread.isGone)
  }

  leave(thread: Thread): void {
    thread.isGone = true
    this.#strike(thread)
  }

  /** What a task had to do with the end of the thread that milled it. */
  inquire(task: number): Finding {
    const thread = [...this.#threads].find(({ pulse }) => pulse.holds(task))
    return this.#find(task, thread)
  }

  /** What a task had to do with the end of a thread that only did a part of its work. */
  inquireAt(port: MessagePort | undefined, task: number): Finding {
    return this.#find(task, port === undefined ? undefined : this.#byPort.get(port))
  }

  /** A task whose thread is gone is settled. */
  release(task: number): void {
    for (const thread of this.#threads) {
      thread.pulse.release(task)
      this.#strike(thread)
    }
  }

  #find(task: number, thread: Thread | undefined): Finding {
    // It waited at the door of a thread that was busy or stuck.
    if (thread === undefined) return { blame: 'victim', isFirst: false }
    const isFirst = !thread.isMourned
    thread.isMourned = true
    const { current } = thread.pulse
    return { blame: current === task ? 'culprit' : current === 0 ? 'suspect' : 'victim', isFirst }
  }

  #strike(thread: Thread): void {
    if (thread.isGone && thread.pulse.isEmpty) this.#threads.delete(thread)
  }
}
