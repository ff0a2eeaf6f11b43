-- Two relations as this session finds them, by names that any session understands; '' none.
SELECT coalesce((SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
                   FROM pg_catalog.pg_class c
                   JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
                  WHERE c.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass(given.name)), '')
  FROM (VALUES (1, $1::pg_catalog.text), (2, $2::pg_catalog.text)) AS given (at, name)
 ORDER BY given.at
