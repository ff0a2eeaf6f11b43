-- A target that is reported no more; or one that never was, and that keys are trusted for by mistake.
WITH mistaken AS (
  DELETE FROM greylag.keys k
   WHERE k.service IN ('', $1) AND k.target = $2 AND k.revoked_at IS NULL
     AND NOT EXISTS (SELECT 1 FROM greylag.targets t
                      WHERE t.target = k.target AND k.service IN ('', t.service) AND t.last_seen IS NOT NULL)
  RETURNING k.target
), gone AS (
  UPDATE greylag.targets t SET forgotten_at = clock_timestamp(), known = false
   WHERE service = $1 AND target = $2 AND forgotten_at IS NULL
     AND (NOT greylag.heard_within(last_seen, $3::bigint)
          OR EXISTS (SELECT 1 FROM greylag.workers w WHERE w.worker = t.worker AND w.leaving))
     AND NOT EXISTS (SELECT 1 FROM greylag.release_targets rt JOIN greylag.releases r ON r.id = rt.release
                      WHERE rt.service = t.service AND rt.target = t.target
                        AND r.state IN ('running', 'fencing', 'rolling back'))
  RETURNING t.target
)
SELECT target FROM mistaken UNION SELECT target FROM gone
