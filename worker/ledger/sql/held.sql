-- Whether another session has the target's lock, or its lease and is still there. That one may have ended, and another
-- have its process id: this only says that somebody has to look.
SELECT EXISTS (SELECT FROM pg_catalog.pg_locks
                WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND pid <> pg_catalog.pg_backend_pid()
                  AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
                  AND (classid::bigint << 32) | objid::bigint = $2::bigint)
    OR EXISTS (SELECT FROM @schema@.lease l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
                WHERE l.target_id = $1::int AND l.pid <> pg_catalog.pg_backend_pid()
                  AND l.server_start = pg_catalog.pg_postmaster_start_time())
