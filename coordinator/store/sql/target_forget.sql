UPDATE greylag.targets t SET forgotten_at = clock_timestamp(), known = false
 WHERE service = $1 AND target = $2 AND forgotten_at IS NULL
   AND NOT greylag.heard_within(last_seen, $3::bigint)
   AND NOT EXISTS (SELECT 1 FROM greylag.release_targets rt JOIN greylag.releases r ON r.id = rt.release
                    WHERE rt.service = t.service AND rt.target = t.target
                      AND r.state IN ('running', 'fencing', 'rolling back'))
RETURNING target
