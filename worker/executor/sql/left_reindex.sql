-- What REINDEX CONCURRENTLY left that was not there before ($1: oids).
SELECT pg_catalog.format('the invalid index %I.%I', n.nspname, c.relname),
       pg_catalog.format('DROP INDEX CONCURRENTLY %I.%I', n.nspname, c.relname)
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$'
   AND NOT c.oid = ANY (pg_catalog.string_to_array($1::text, ',')::oid[])
   AND n.nspname NOT LIKE 'pg\_toast%'
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid)
