SELECT t.forgotten_at IS NOT NULL AS forgotten,
       greylag.heard_within(t.last_seen, $3::bigint) AS reporting, t.worker
  FROM greylag.targets t WHERE t.service = $1 AND t.target = $2
