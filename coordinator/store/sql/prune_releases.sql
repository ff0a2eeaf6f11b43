WITH gone AS (
  SELECT id FROM greylag.past_releases
   WHERE ended_at < now() - $1::bigint * interval '1 ms' AND NOT needed AND pruned_at IS NULL LIMIT $2::bigint
), emptied AS (
  UPDATE greylag.releases
     SET fleet = '', options = '{}', idempotency_key = NULL, idempotency_body = '', pruned_at = now()
   WHERE id IN (SELECT id FROM gone) RETURNING 1
)
SELECT count(*) FROM emptied
