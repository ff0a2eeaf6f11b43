WITH gone AS (
  SELECT s.release, s.ordinal FROM greylag.plan_steps s JOIN greylag.past_releases p ON p.id = s.release
   WHERE p.ended_at < now() - $1::bigint * interval '1 ms' AND p.pruned_at IS NOT NULL LIMIT $2::bigint
), deleted AS (
  DELETE FROM greylag.plan_steps s USING gone g WHERE s.release = g.release AND s.ordinal = g.ordinal RETURNING 1
)
SELECT count(*) FROM deleted
