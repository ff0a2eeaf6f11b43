SELECT i.indisvalid, pg_catalog.format('%I.%I', n.nspname, c.relname)
  FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE i.indrelid = pg_catalog.to_regclass($1::text) AND c.relname = $2::text
