-- The role that workers of a fleet connect as, with what they need and nothing else.
--
--   psql "$DATABASE" -f fleet-role.sql      as the owner of the database, after the first `xmlmill submit` has made the tables
--   psql "$DATABASE" -c '\password xmlmill_worker'
--
-- Whoever submits, and who pauses, cancels or retries, connects as the owner of the tables.

CREATE ROLE xmlmill_worker LOGIN;

-- The queue: xmlmill's own tables, and pg-boss's.
GRANT USAGE ON SCHEMA xmlmill TO xmlmill_worker;
GRANT SELECT ON xmlmill.fleet, xmlmill.runs, xmlmill.version, xmlmill.queue TO xmlmill_worker;
GRANT SELECT, UPDATE ON xmlmill.hosts, xmlmill.run_hosts TO xmlmill_worker;
GRANT SELECT, INSERT ON xmlmill.parts TO xmlmill_worker;
GRANT SELECT, INSERT, UPDATE ON xmlmill.workers TO xmlmill_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON xmlmill.leases, xmlmill.instance, xmlmill.job, xmlmill.job_common TO xmlmill_worker;

-- The output, where it is this database: the ledger, and a schema to make the tables of records in. For tables that are there already,
-- INSERT and SELECT on them are enough (and UPDATE with --key).
GRANT SELECT, INSERT, UPDATE ON xmlmill_meta, xmlmill_files, xmlmill_documents TO xmlmill_worker;
GRANT USAGE, CREATE ON SCHEMA public TO xmlmill_worker;
