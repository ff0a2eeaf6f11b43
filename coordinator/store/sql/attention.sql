-- What needs a person, the most urgent first. A halted release stands here until each of its targets has been in a
-- later release that succeeded (one that went back left them as they were), or somebody leaves it as it stands; what a
-- release that went back left behind, until it is taken up, or somebody leaves it.
-- `argument`: of the command that the advice ends with; '' where that command would refuse.
-- $1: milliseconds after which a target that has said nothing counts as silent. $2: after which it is the coordinator
-- that hears nothing, when nobody at all has said anything and it has a trouble of its own.
WITH heard AS (
  SELECT t.*, greylag.heard_within(t.last_seen, $1::bigint) AND t.forgotten_at IS NULL AS reporting,
         coalesce(w.leaving, false) AS leaving, coalesce(w.host, '') AS host
    FROM greylag.targets t LEFT JOIN greylag.workers w ON w.worker = t.worker
), own AS (
  SELECT 1 AS place, 'leaderless' AS kind, '' AS release, '' AS service, '' AS target,
         CASE WHEN l.epoch > 0 THEN 'the last one was ' || l.holder ELSE 'none has ever led' END AS detail,
         nullif(l.expires_at, '-infinity') AS since
    FROM greylag.lease l WHERE l.expires_at <= clock_timestamp()
  UNION ALL
  SELECT 2, 'hindered', '', '', '',
         split_part(holder, ':', 1) || ': ' || text || CASE WHEN hint <> '' THEN '; ' || hint ELSE '' END, since
    FROM greylag.troubles WHERE greylag.heard_within(told_at, 15000)
  UNION ALL
  SELECT 2, 'unsent', '', '', '', count(*) || ' to send; the oldest is for '
         || (SELECT topic FROM greylag.outbox ORDER BY id LIMIT 1), min(stored_at)
    FROM greylag.outbox HAVING NOT bool_and(greylag.heard_within(stored_at, 5000))
), found AS (
  SELECT * FROM own
  UNION ALL
  SELECT 2, 'halted', r.id, '', '', r.reason
         || CASE WHEN NOT EXISTS (SELECT 1 FROM greylag.releases n WHERE n.accepted_at > r.accepted_at) THEN ''
         ELSE '. Others came after it, so that it cannot be retried: `greylag up`, or the same `greylag down` again, '
              'puts its targets right, or `greylag release leave` says that they may stay' END, r.ended_at
    FROM greylag.releases r
   WHERE r.state = 'halted' AND NOT greylag.is_left(r)
     AND EXISTS (SELECT 1 FROM greylag.release_targets t
                  WHERE t.release = r.id
                    AND NOT EXISTS (SELECT 1 FROM greylag.release_targets n
                                      JOIN greylag.releases later ON later.id = n.release
                                     WHERE n.service = t.service AND n.target = t.target
                                       AND later.accepted_at > r.accepted_at
                                       AND later.state = 'succeeded'))
  UNION ALL
  SELECT 2, 'leftover', release, service, target,
         string_agg(coalesce('migration ' || migration || ': ', '') || what, '; ' ORDER BY migration COLLATE "C"),
         min(ended_at)
    FROM greylag.leftovers GROUP BY release, service, target
  UNION ALL
  SELECT 3, 'blocked', '', service, target, problem, NULL FROM heard WHERE reporting AND problem <> ''
  UNION ALL
  SELECT 4, 'silent', '', service, target,
         'its worker ' || worker || CASE WHEN host <> '' AND NOT leaving THEN ' on ' || host ELSE '' END
         || CASE WHEN NOT EXISTS (SELECT 1 FROM greylag.keys k WHERE k.target = heard.target
                                     AND k.service IN ('', heard.service) AND k.revoked_at IS NULL)
                 THEN ' is not believed: no key is enrolled for it any more; make one, enroll it (greylag workers '
                      'enroll) and name it in worker.yml'
                 WHEN leaving THEN ' has stopped' ELSE ' says nothing' END,
         last_seen
    FROM heard WHERE last_seen IS NOT NULL AND NOT reporting AND forgotten_at IS NULL
     AND (leaving OR NOT EXISTS (SELECT 1 FROM own)
          OR EXISTS (SELECT 1 FROM heard h WHERE greylag.heard_within(h.last_seen, $2::bigint)))
  UNION ALL
  SELECT 6, 'distrusted', '', service, target,
         'its worker ' || worker || ' could not verify the last '
         || CASE untrusted WHEN 1 THEN 'message' ELSE untrusted || ' messages' END, NULL
    FROM heard WHERE reporting AND untrusted > 0
  UNION ALL
  SELECT 7, 'stranger', '', '', '', 'key ' || key || ' on ' || topic || ': ' || why, first_seen
    FROM greylag.strangers WHERE greylag.heard_within(last_seen, $1::bigint)
  UNION ALL
  SELECT 5, 'unseen', '', coalesce(nullif(k.service, ''), h.service, ''), k.target,
         'no worker has ever reported it; key ' || k.name || ' is enrolled for it', k.enrolled_at
    FROM greylag.keys k
    LEFT JOIN heard h ON h.target = k.target AND (k.service = '' OR h.service = k.service)
   WHERE k.revoked_at IS NULL AND h.last_seen IS NULL
)
SELECT coalesce(json_agg(json_build_object(
         'kind', kind, 'release', release, 'service', service, 'target', target, 'detail', detail,
         'argument', CASE WHEN kind IN ('halted', 'leftover') THEN release
                          WHEN kind IN ('silent', 'unseen')
                               AND NOT EXISTS (SELECT 1 FROM greylag.release_targets t
                                                 JOIN greylag.releases r ON r.id = t.release
                                                WHERE t.service = found.service AND t.target = found.target
                                                  AND r.state IN ('running', 'fencing', 'rolling back'))
                          THEN CASE WHEN service = '' THEN '' ELSE service || '/' END || target ELSE '' END,
         'sinceUs', (extract(epoch FROM since) * 1000000)::bigint)
         ORDER BY place, service COLLATE "C", target COLLATE "C", since), '[]')
  FROM found
