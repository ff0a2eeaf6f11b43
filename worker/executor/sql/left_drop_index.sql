-- An index that DROP INDEX CONCURRENTLY has begun to take away is no longer valid, and slows every write down.
SELECT pg_catalog.format('the index %I.%I, no longer valid', n.nspname, c.relname),
       CASE WHEN i.indisvalid THEN '' ELSE pg_catalog.format('DROP INDEX CONCURRENTLY %I.%I', n.nspname, c.relname) END
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) i.indexrelid
  JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
 WHERE c.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass($1::pg_catalog.text)
