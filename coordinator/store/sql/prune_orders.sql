WITH gone AS (
  SELECT o.id FROM greylag.orders o JOIN greylag.past_releases p ON p.id = o.release
   WHERE p.ended_at < now() - $1::bigint * interval '1 ms' AND o.handled_at IS NOT NULL LIMIT $2::bigint
), deleted AS (DELETE FROM greylag.orders WHERE id IN (SELECT id FROM gone) RETURNING 1)
SELECT count(*) FROM deleted
