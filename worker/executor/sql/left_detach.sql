-- A partition ($2) of a table ($1); servers before 14 know no DETACH ... CONCURRENTLY, and no inhdetachpending.
SELECT pg_catalog.format('partition %s, half detached from %s (pending)', $2::text, $1::text),
       CASE WHEN pg_catalog.to_jsonb(i) ->> 'inhdetachpending' = 'true'
            THEN pg_catalog.format('ALTER TABLE %s DETACH PARTITION %s FINALIZE', $1::text, $2::text) ELSE '' END
  FROM pg_catalog.pg_inherits i
 WHERE i.inhparent = pg_catalog.to_regclass($1::text) AND i.inhrelid = pg_catalog.to_regclass($2::text)
