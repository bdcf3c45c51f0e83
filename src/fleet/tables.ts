/**
 * The tables of a fleet beside those of pg-boss, in a schema of their own: `xmlmill`. pg-boss has the documents as jobs; here is what it has no
 * place for: runs, hosts with their limits, workers, and who has which document now.
 */
import { MillError } from '../errors.ts'
import type { Connection } from '../sinks/postgres-connection.ts'

export const SCHEMA = 'xmlmill'

/** pg-boss's jobs of all queues that have no table of their own, which ours have not. */
export const JOBS = `${SCHEMA}.job_common`

/** A time as milliseconds of the epoch; what is infinite comes as such. */
export const milliseconds = (time: string) => `extract(epoch FROM ${time})::double precision * 1000`

/** Raised when the tables change. */
const VERSION = 1

/** What claims are made under, one at a time in the whole database. */
export const CLAIM_LOCK = `hashtextextended('${SCHEMA} claims', 0)`

const TABLES = `
CREATE TABLE IF NOT EXISTS ${SCHEMA}.fleet (version integer NOT NULL);
INSERT INTO ${SCHEMA}.fleet SELECT ${VERSION} WHERE NOT EXISTS (SELECT FROM ${SCHEMA}.fleet);

CREATE TABLE IF NOT EXISTS ${SCHEMA}.runs (
  number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE,
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'paused', 'cancelled')),
  xmlmill_version text NOT NULL,
  options jsonb NOT NULL,
  shape jsonb NOT NULL,
  transform_name text, transform_hash text, transform_source text,
  submitted_at timestamptz NOT NULL DEFAULT now()
);

-- Over all runs: a host is asked by all of them together no more than the limit.
CREATE TABLE IF NOT EXISTS ${SCHEMA}.hosts (
  number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE,
  running integer NOT NULL DEFAULT 0,
  next_start timestamptz NOT NULL DEFAULT '-infinity',
  cool_until timestamptz NOT NULL DEFAULT '-infinity',
  failures integer NOT NULL DEFAULT 0,
  pauses integer NOT NULL DEFAULT 0,
  paused_at timestamptz NOT NULL DEFAULT '-infinity',
  is_given_up boolean NOT NULL DEFAULT false,
  -- Why its documents would be given up.
  fault jsonb
) WITH (fillfactor = 50);

-- Hosts with documents of a run, in the order of their turns. Claims begin here and never look through the queue.
CREATE TABLE IF NOT EXISTS ${SCHEMA}.run_hosts (
  run integer NOT NULL REFERENCES ${SCHEMA}.runs, host integer NOT NULL REFERENCES ${SCHEMA}.hosts,
  -- When it may have something to start; infinity while its limit is reached.
  ready_at timestamptz NOT NULL,
  is_empty boolean NOT NULL DEFAULT false,
  PRIMARY KEY (run, host)
) WITH (fillfactor = 50);
CREATE INDEX IF NOT EXISTS run_hosts_turns ON ${SCHEMA}.run_hosts (run, ready_at) WHERE NOT is_empty;
CREATE INDEX IF NOT EXISTS run_hosts_host ON ${SCHEMA}.run_hosts (host);

CREATE TABLE IF NOT EXISTS ${SCHEMA}.workers (
  number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  machine text NOT NULL, pid integer NOT NULL, threads integer NOT NULL,
  run integer REFERENCES ${SCHEMA}.runs,
  joined_at timestamptz NOT NULL DEFAULT now(),
  heartbeat_at timestamptz NOT NULL DEFAULT now(),
  left_at timestamptz,
  lost_at timestamptz,
  figures jsonb NOT NULL DEFAULT '{}'
) WITH (fillfactor = 50);
CREATE INDEX IF NOT EXISTS workers_there ON ${SCHEMA}.workers (heartbeat_at) WHERE left_at IS NULL AND lost_at IS NULL;

-- Who has which document, and whether it counts against its host's limit.
CREATE TABLE IF NOT EXISTS ${SCHEMA}.leases (
  run integer NOT NULL, job uuid NOT NULL, worker integer NOT NULL, host integer NOT NULL,
  retry_count integer NOT NULL, holds_slot boolean NOT NULL, claimed_at timestamptz NOT NULL,
  PRIMARY KEY (run, job)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
CREATE INDEX IF NOT EXISTS leases_worker ON ${SCHEMA}.leases (worker);

-- Files that workers write where the output is no table of this database.
CREATE TABLE IF NOT EXISTS ${SCHEMA}.parts (
  run integer NOT NULL REFERENCES ${SCHEMA}.runs, worker integer NOT NULL REFERENCES ${SCHEMA}.workers,
  machine text NOT NULL, path text NOT NULL, PRIMARY KEY (run, worker)
);
`

/** Makes the tables that are not there. */
export async function makeTables(client: Connection): Promise<void> {
  await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('${SCHEMA} tables', 0))`)
  await client.query(`SET LOCAL client_min_messages = warning; CREATE SCHEMA IF NOT EXISTS ${SCHEMA}; ${TABLES}`)
}

/**
 * Makes sure that a fleet's tables are there and of this version.
 * @throws MillError QUEUE_UNUSABLE
 */
export async function checkTables(client: Connection, name: string): Promise<void> {
  const { rows: there } = await client.query<{ is: boolean }>(`SELECT to_regclass('${SCHEMA}.fleet') IS NOT NULL AS is`)
  if (there[0]?.is !== true) throw new MillError('QUEUE_UNUSABLE', `${name} has no queue of xmlmill`)
  const { rows } = await client.query<{ version: number }>(`SELECT version FROM ${SCHEMA}.fleet`)
  const version = rows[0]?.version
  if (version !== VERSION)
    throw new MillError(
      'QUEUE_UNUSABLE',
      `the queue in ${name} is of version ${version}, this xmlmill knows version ${VERSION}`,
    )
}

/**
 * Has what claims leave behind in the index of pg-boss's jobs cleared away early: the way to a host's next document leads over it. The default
 * is to wait for a fifth of the table.
 */
export async function tuneTables(client: Connection): Promise<void> {
  await client.query(
    `ALTER TABLE ${JOBS} SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 10000)`,
  )
}
