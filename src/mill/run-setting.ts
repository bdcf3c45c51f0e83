import { availableParallelism } from 'node:os'
import type { RunOptions } from '../options.ts'
import { redactUrl } from '../redact.ts'
import type { RunSetting } from '../report/events.ts'

/** What readers of the events are told of the options and the machine. */
export function settingOf({ schedule, thread, output }: RunOptions, startedAt: Date): RunSetting {
  return {
    cores: availableParallelism(),
    perHost: schedule.perHost,
    startIntervalMs: schedule.startIntervalMs,
    parser: thread.parser,
    hasTransform: thread.transform !== undefined,
    ...(output !== undefined && { output: redactUrl(output) }),
    startedAt: startedAt.toISOString(),
  }
}
