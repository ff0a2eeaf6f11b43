-- A partition ($2) of a table ($1); servers before 14 know no DETACH ... CONCURRENTLY, and no inhdetachpending.
SELECT pg_catalog.format('partition %s, half detached from %s (pending)', $2::pg_catalog.text, $1::pg_catalog.text),
       CASE WHEN pg_catalog.to_jsonb(i) OPERATOR(pg_catalog.->>) 'inhdetachpending' OPERATOR(pg_catalog.=) 'true'
            THEN pg_catalog.format('ALTER TABLE %s DETACH PARTITION %s FINALIZE', $1::pg_catalog.text,
                                   $2::pg_catalog.text) ELSE '' END
  FROM pg_catalog.pg_inherits i
 WHERE i.inhparent OPERATOR(pg_catalog.=) pg_catalog.to_regclass($1::pg_catalog.text)
   AND i.inhrelid OPERATOR(pg_catalog.=) pg_catalog.to_regclass($2::pg_catalog.text)
