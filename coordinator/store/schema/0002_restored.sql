-- A control database that came back from a backup has to be noticed: whatever it says may have been overtaken.
--
-- Beside the lease stands where its row was last written. Another server, a point-in-time recovery (a new timeline) or a
-- restore into another database changes the first; any logical restore writes the row by a transaction of its own,
-- which is not the one that the row names. What is left (a copy of the server's files) is noticed by what targets
-- report: fences beyond what this database ever issued.
ALTER TABLE greylag.lease
    ADD COLUMN server   text NOT NULL DEFAULT '',
    ADD COLUMN written  xid8 NOT NULL DEFAULT '0',
    ADD COLUMN restored boolean NOT NULL DEFAULT false; -- and no leader has told its release and forgotten its targets yet

CREATE FUNCTION greylag.server() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT (SELECT system_identifier FROM pg_catalog.pg_control_system())
           || ' ' || pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8)
           || ' ' || (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
$$;

-- One POST, one release: the key that its client chose, and what it asked for.
ALTER TABLE greylag.releases
    ADD COLUMN idempotency_key text UNIQUE,
    ADD COLUMN idempotency_body text NOT NULL DEFAULT '';

-- Where a step's SQL is written: for people.
ALTER TABLE greylag.plan_steps
    ADD COLUMN file      text NOT NULL DEFAULT '',
    ADD COLUMN down_file text NOT NULL DEFAULT '';
