-- Who holds what a session ($1) waits for: what this role may see of them, one after the other; whether it waits for a
-- synchronous standby; whether it waits for a lock that keeps readers out, who then queue behind it; and which
-- transactions those are, whatever they do at this moment.
SELECT coalesce(pg_catalog.string_agg(
       CASE WHEN b.pid = 0 THEN 'a prepared transaction'
            ELSE pg_catalog.concat('pid ', b.pid, ' (' || nullif(a.application_name, '') || ')', ', user ' || a.usename,
                                   CASE WHEN a.state LIKE 'idle in transaction%' THEN ', idle in its transaction' END,
                                   ', since ' || pg_catalog.to_char(a.xact_start AT TIME ZONE 'UTC',
                                                                    'YYYY-MM-DD HH24:MI:SS" UTC"')) END,
       '; ' ORDER BY a.xact_start, b.pid), ''),
       EXISTS (SELECT FROM pg_catalog.pg_stat_activity s WHERE s.pid = $1::int AND s.wait_event = 'SyncRep'),
       EXISTS (SELECT FROM pg_catalog.pg_locks l
                WHERE l.pid = $1::int AND NOT l.granted AND l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'),
       coalesce(pg_catalog.string_agg(pg_catalog.concat(b.pid, '@', a.xact_start), ' ' ORDER BY b.pid), '')
  FROM (SELECT DISTINCT pid FROM pg_catalog.unnest(pg_catalog.pg_blocking_pids($1::int)) AS blocking (pid)) b
  LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid
