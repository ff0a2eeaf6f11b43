-- Two relations as this session finds them, by names that any session understands; '' none.
SELECT coalesce((SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
                   FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                  WHERE c.oid = pg_catalog.to_regclass(given.name)), '')
  FROM (VALUES (1, $1::text), (2, $2::text)) AS given (at, name)
 ORDER BY given.at
