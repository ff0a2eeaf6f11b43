-- What REINDEX CONCURRENTLY left that was not there before ($1: oids). Who is at it holds a lock on each index of its
-- table until the end, also on those whose turn has not come, and everybody may see locks.
SELECT pg_catalog.format('the invalid index %I.%I', n.nspname, c.relname),
       pg_catalog.format('DROP INDEX CONCURRENTLY %I.%I', n.nspname, c.relname)
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) i.indexrelid
  JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
 WHERE NOT i.indisvalid AND c.relname OPERATOR(pg_catalog.~) '_cc(new|old)[0-9]*$'
   AND NOT c.oid OPERATOR(pg_catalog.=) ANY (pg_catalog.string_to_array($1::pg_catalog.text, ',')::pg_catalog.oid[])
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_locks l
                    WHERE l.locktype OPERATOR(pg_catalog.=) 'relation'
                      AND l.relation OPERATOR(pg_catalog.=) i.indexrelid
                      AND l.mode OPERATOR(pg_catalog.=) 'ShareUpdateExclusiveLock' AND l.granted
                      AND l.pid OPERATOR(pg_catalog.<>) pg_catalog.pg_backend_pid()
                      AND l.database OPERATOR(pg_catalog.=) (
                          SELECT d.oid FROM pg_catalog.pg_database d
                           WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()))
