SELECT coalesce(pg_catalog.string_agg(c.oid::pg_catalog.text, ',' ORDER BY c.oid), '')
  FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) i.indexrelid
 WHERE NOT i.indisvalid AND c.relname OPERATOR(pg_catalog.~) '_cc(new|old)[0-9]*$'
