SELECT pg_catalog.to_jsonb(i) ->> 'inhdetachpending'
  FROM pg_catalog.pg_inherits i
 WHERE i.inhparent = pg_catalog.to_regclass($1::text) AND i.inhrelid = pg_catalog.to_regclass($2::text)
