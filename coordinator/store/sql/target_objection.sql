SELECT t.forgotten_at IS NOT NULL AS forgotten,
       greylag.heard_within(t.last_seen, $3::bigint) AND NOT coalesce(w.leaving, false) AS reporting, t.worker
  FROM greylag.targets t LEFT JOIN greylag.workers w ON w.worker = t.worker
 WHERE t.service = $1 AND t.target = $2
