/** `xmlmill pause`, `resume`, `cancel` and `retry`. */
import { cancel, retryFailed, setPaused } from '../fleet/steering.ts'
import { formatPlural } from '../report/figures.ts'
import type { STEERING_COMMANDS } from './commands.ts'
import { EXIT } from './exit-code.ts'
import { print } from './print.ts'

type Steering = (typeof STEERING_COMMANDS)[number]

/** @returns the exit code */
export async function steeringCommand(what: Steering, queue: string, name: string | undefined): Promise<number> {
  await print(`${await steer(what, queue, name)}\n`)
  return EXIT.done
}

async function steer(what: Steering, queue: string, name: string | undefined): Promise<string> {
  if (what === 'pause') {
    const run = await setPaused(queue, name, true)
    return `${run.name}: paused; what is under way goes on to its end`
  }
  if (what === 'resume') {
    const run = await setPaused(queue, name, false)
    return `${run.name}: open`
  }
  if (what === 'cancel') {
    const { run, documents } = await cancel(queue, name)
    return `${run.name}: ${formatPlural(documents, 'document')} taken out of the queue; what is done stays`
  }
  const { run, documents } = await retryFailed(queue, name)
  return `${run.name}: ${formatPlural(documents, 'document')} to be tried again`
}
