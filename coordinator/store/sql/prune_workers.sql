WITH gone AS (
  SELECT w.worker FROM greylag.workers w
   WHERE w.last_seen < now() - least($1::bigint, 86400000) * interval '1 ms'
     AND NOT EXISTS (SELECT 1 FROM greylag.targets t WHERE t.worker = w.worker) LIMIT $2::bigint
), deleted AS (DELETE FROM greylag.workers WHERE worker IN (SELECT worker FROM gone) RETURNING 1)
SELECT count(*) FROM deleted
