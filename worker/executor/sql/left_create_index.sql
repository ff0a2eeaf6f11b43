-- Indexes of a table ($1) that were not there before ($2: their oids), by name ($3) where it is known, and that nobody
-- is building at this moment.
SELECT pg_catalog.format('the invalid index %I.%I', n.nspname, c.relname),
       CASE WHEN i.indisvalid THEN '' ELSE pg_catalog.format('DROP INDEX CONCURRENTLY %I.%I', n.nspname, c.relname) END
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) i.indexrelid
  JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
 WHERE i.indrelid OPERATOR(pg_catalog.=) pg_catalog.to_regclass($1::pg_catalog.text)
   AND NOT i.indexrelid OPERATOR(pg_catalog.=)
       ANY (pg_catalog.string_to_array($2::pg_catalog.text, ',')::pg_catalog.oid[])
   AND ($3::pg_catalog.text IS NULL OR c.relname OPERATOR(pg_catalog.=) $3::pg_catalog.text)
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_progress_create_index p
                    WHERE p.index_relid OPERATOR(pg_catalog.=) i.indexrelid)
