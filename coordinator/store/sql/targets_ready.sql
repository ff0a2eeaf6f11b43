SELECT n.service, n.target,
       greylag.heard_within(t.last_seen, $3::bigint) AND NOT coalesce(w.leaving, false) AS reporting,
       greylag.is_known(t.known, t.known_in) AS known, coalesce(t.problem, '') AS problem,
       EXISTS (SELECT 1 FROM greylag.keys k
                WHERE k.target = n.target AND k.service IN ('', n.service) AND k.revoked_at IS NULL) AS enrolled,
       (SELECT l.expires_at > clock_timestamp() FROM greylag.lease l) AS led,
       coalesce(t.untrusted, 0) > 0 AS distrusting, t.forgotten_at IS NOT NULL AS forgotten,
       t.last_seen IS NOT NULL AS heard
  FROM unnest($1::text[], $2::text[]) AS n(service, target)
  LEFT JOIN greylag.targets t ON t.service = n.service AND t.target = n.target
  LEFT JOIN greylag.workers w ON w.worker = t.worker
 ORDER BY 1, 2
