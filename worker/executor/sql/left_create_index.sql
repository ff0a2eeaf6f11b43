-- Indexes of a table ($1) that were not there before ($2: their oids), by name ($3) where it is known, and that nobody
-- is building at this moment.
SELECT pg_catalog.format('the invalid index %I.%I', n.nspname, c.relname),
       CASE WHEN i.indisvalid THEN '' ELSE pg_catalog.format('DROP INDEX CONCURRENTLY %I.%I', n.nspname, c.relname) END
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE i.indrelid = pg_catalog.to_regclass($1::text)
   AND NOT i.indexrelid = ANY (pg_catalog.string_to_array($2::text, ',')::oid[])
   AND ($3::text IS NULL OR c.relname = $3::text)
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid)
