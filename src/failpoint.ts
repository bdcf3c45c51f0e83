/**
 * Named places where the program can be made to kill itself, as a power cut or `kill -9` would: what tests of the promise
 * "exactly once" need, for kills at random moments find little. `XMLMILL_FAILPOINT=file.synced:3` kills at the third time that the
 * place is passed. Without the variable a place costs the call of an empty function.
 */

export const FAILPOINTS = [
  // A batch or a report has crossed from a thread.
  'channel.batch',
  'channel.report',
  // Records of an unfinished document are about to go to the spool, or have gone.
  'spool.writing',
  'spool.written',
  // A file of records or rejects: half of a write is done; all of it; it is on the disk.
  'file.half-written',
  'file.written',
  'file.synced',
  // After a kill, what the ledger does not know was cut off.
  'file.rewound',
  // An unfinished document's records went directly to the end of the file.
  'tail.written',
  'tail.abandoned',
  // A directory, of documents or of parts: the files to come are noted; one is written beside; one has its name; all have.
  'directory.noted',
  'directory.written',
  'directory.renamed',
  'directory.synced',
  // The transaction is full; it is on the disk.
  'ledger.filled',
  'ledger.committed',
  // After --update: the new file is whole; the ledger knows of it; it has taken the old one's place; the ledger follows it.
  'rewrite.written',
  'rewrite.noted',
  'rewrite.renamed',
  'rewrite.done',
  // A database: the records are in the transaction that the ledger's rows are to join.
  'database.filled',
] as const

export type Failpoint = (typeof FAILPOINTS)[number]

interface Armed {
  readonly name: string
  readonly hit: number
}

const armed = armedBy(process.env.XMLMILL_FAILPOINT)
let hits = 0

/** Passes a place. */
export const failpoint: (name: Failpoint) => void =
  armed === undefined
    ? () => {}
    : (name) => {
        if (name !== armed.name) return
        hits += 1
        if (hits === armed.hit) process.kill(process.pid, 'SIGKILL')
      }

/** Whether this place is to kill: for those that must do something in halves to have a middle. */
export function isArmed(name: Failpoint): boolean {
  return armed?.name === name
}

/** Whether any place is to kill. */
export const hasFailpoint: boolean = armed !== undefined

function armedBy(setting: string | undefined): Armed | undefined {
  if (setting === undefined || setting === '') return undefined
  const [name = '', hit = '1'] = setting.split(':')
  if (!FAILPOINTS.some((known) => known === name) || !(Number(hit) >= 1)) {
    throw new Error(`XMLMILL_FAILPOINT is ${setting}; it takes NAME:HIT with one of ${FAILPOINTS.join(', ')}`)
  }
  return { name, hit: Number(hit) }
}
