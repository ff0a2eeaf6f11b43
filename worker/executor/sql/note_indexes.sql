SELECT coalesce(pg_catalog.string_agg(indexrelid::pg_catalog.text, ',' ORDER BY indexrelid), '')
  FROM pg_catalog.pg_index
 WHERE indrelid OPERATOR(pg_catalog.=) pg_catalog.to_regclass($1::pg_catalog.text)
