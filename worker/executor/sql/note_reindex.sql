SELECT coalesce(pg_catalog.string_agg(c.oid::text, ',' ORDER BY c.oid), '')
  FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
 WHERE NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$'
