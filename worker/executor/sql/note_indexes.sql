SELECT coalesce(pg_catalog.string_agg(indexrelid::text, ',' ORDER BY indexrelid), '')
  FROM pg_catalog.pg_index
 WHERE indrelid = pg_catalog.to_regclass($1::text)
