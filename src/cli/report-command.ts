/** `xmlmill report`: the HTML report of a run that is over. */
import { basename, dirname, join } from 'node:path'
import { MillError } from '../errors.ts'
import { replayEvents } from '../report/events-file-reader.ts'
import { ReportFold } from '../report/html/report-fold.ts'
import { writeReport } from '../report/html/report-page.ts'
import { besideName, isDatabaseUrl } from '../sinks/output.ts'
import { EXIT } from './exit-code.ts'
import { ledgerOf, replayLedger } from './ledger-events.ts'

export interface ReportCommand {
  /** A file of events, or the output of a run that keeps a ledger, also a PostgreSQL database. */
  readonly source: string
  /** Where the report goes. Default: beside the source, with .html; of a database in the working directory. */
  readonly target: string | undefined
}

/**
 * @returns the exit code
 * @throws MillError REPORT_UNREADABLE, REPORT_FAILED
 */
export async function reportCommand({ source, target }: ReportCommand): Promise<number> {
  const isDatabase = isDatabaseUrl(source)
  const name = isDatabase
    ? besideName(source, undefined)
    : join(dirname(source), basename(source).replace(/\.(ndjson|jsonl)(\.gz)?$/, ''))
  const path = target ?? `${name}.html`
  const fold = new ReportFold()
  const ledger = isDatabase ? undefined : ledgerOf(source)
  if (ledger === undefined && !isDatabase) await addEvents(source, fold)
  else {
    if (ledger === undefined) await addDatabase(source, fold)
    else replayLedger(ledger, (event) => fold.add(event))
    fold.withoutNotes()
    fold.remark(
      'Made from the ledger: it knows what became of each document and how long its steps took; when a document started is reckoned back from there. A run with --report or --events knows more.',
    )
  }
  await writeReport(path, fold).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new MillError('REPORT_FAILED', `${path} cannot be written: ${reason}`, { cause })
  })
  const { verdict } = fold.overview()
  process.stdout.write(`${verdict.sentence}\n${path}\n`)
  return EXIT.done
}

async function addDatabase(source: string, fold: ReportFold): Promise<void> {
  const { replayDatabase } = await import('./database-events.ts')
  await replayDatabase(source, (event) => fold.add(event))
}

async function addEvents(source: string, fold: ReportFold): Promise<void> {
  const { isTorn, leftOut } = await replayEvents(source, (event) => fold.add(event))
  if (isTorn) fold.remark('The file of events ends in the middle of a line: the run was killed, or goes on.')
  if (leftOut > 0) fold.remark(`${leftOut} events are missing: the disk was slower than the run.`)
}
