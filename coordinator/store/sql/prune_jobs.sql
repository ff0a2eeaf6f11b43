WITH gone AS (
  SELECT j.ctid FROM greylag.jobs j JOIN greylag.past_releases p ON p.id = j.release
   WHERE p.ended_at < now() - $1::bigint * interval '1 ms' LIMIT $2::bigint
), deleted AS (DELETE FROM greylag.jobs WHERE ctid = ANY (ARRAY(SELECT ctid FROM gone)) RETURNING 1)
SELECT count(*) FROM deleted
