/** The entry of a process that mills documents which may end it: a pool with one thread, and its observer at the other end of a pipe. */
import { toFailure } from '../errors.ts'
import type { FromApart, ToApart } from './apart-messages.ts'
import { ThreadPool } from './pool.ts'
import type { TaskObserver } from './task.ts'

let pool: ThreadPool | undefined
let lastBatch = 0
/** Batches that main has, and what is to be done when it is rid of them. */
const underWay = new Map<number, () => void>()

// A signal for all of the group is main's to answer.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
process.on('disconnect', () => process.exit())
process.on('message', (message: ToApart) => {
  if (message.type === 'open') pool = new ThreadPool(message.options, message.pool)
  else if (message.type === 'taken') {
    underWay.get(message.batch)?.()
    underWay.delete(message.batch)
  } else {
    mill(message.task).catch((error: unknown) => {
      process.stderr.write(`${toFailure(error).message}\n`)
      process.exit(1)
    })
  }
})

async function mill(task: Extract<ToApart, { type: 'run' }>['task']): Promise<void> {
  if (pool === undefined) throw new Error('a task before the options')
  const observer: TaskObserver = {
    onBegun() {},
    onBatch(batch, receipt) {
      lastBatch += 1
      underWay.set(lastBatch, receipt.taken)
      tell({ type: 'batch', number: lastBatch, batch })
      // The pipe has a copy.
      receipt.spent()
    },
    onDownloaded: () => tell({ type: 'downloaded' }),
    onProgress: (progress, thread) => tell({ type: 'progress', progress, thread }),
  }
  const [end] = await Promise.all(pool.run([{ task, observer }], 'shared'))
  if (end !== undefined) tell({ type: 'end', end })
}

function tell(message: FromApart): void {
  process.send?.(message)
}
