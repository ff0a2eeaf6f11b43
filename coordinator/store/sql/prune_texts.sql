-- Two hours at least: when a release names a text that was used within the last one, that is not noted anew
-- (blobs_used.sql).
WITH gone AS (
  SELECT b.digest FROM greylag.blobs b
   WHERE b.used_at < now() - greatest($1::bigint, 7200000) * interval '1 ms'
     AND b.digest NOT IN (SELECT checksum FROM greylag.applied_texts)
     AND NOT EXISTS (SELECT 1 FROM greylag.releases
                      WHERE state IN ('running', 'fencing', 'rolling back')
                         OR state = 'halted' AND accepted_at = (SELECT max(accepted_at) FROM greylag.releases))
   LIMIT $2::bigint
), deleted AS (
  DELETE FROM greylag.blobs
   WHERE digest IN (SELECT digest FROM gone)
     AND used_at < now() - greatest($1::bigint, 7200000) * interval '1 ms' -- looked at again: it may be named just now
  RETURNING 1
)
SELECT count(*) FROM deleted
