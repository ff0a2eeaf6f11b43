WITH gone AS (
  SELECT t.release, t.ix FROM greylag.release_targets t JOIN greylag.past_releases p ON p.id = t.release
   WHERE p.ended_at < now() - $1::bigint * interval '1 ms' AND p.pruned_at IS NOT NULL LIMIT $2::bigint
), deleted AS (
  DELETE FROM greylag.release_targets t USING gone g WHERE t.release = g.release AND t.ix = g.ix RETURNING 1
)
SELECT count(*) FROM deleted
