WITH gone AS (
  SELECT d.id FROM greylag.decisions d JOIN greylag.past_releases p ON p.id = d.release
   WHERE p.ended_at < now() - $1::bigint * interval '1 ms' LIMIT $2::bigint
), deleted AS (DELETE FROM greylag.decisions WHERE id IN (SELECT id FROM gone) RETURNING 1)
SELECT count(*) FROM deleted
