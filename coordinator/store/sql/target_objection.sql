SELECT t.forgotten_at IS NOT NULL AS forgotten,
       coalesce(t.last_seen > clock_timestamp() - $3::bigint * interval '1 ms', false) AS reporting, t.worker
  FROM greylag.targets t WHERE t.service = $1 AND t.target = $2
