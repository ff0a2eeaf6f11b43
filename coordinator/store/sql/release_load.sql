SELECT id, state, direction, fleet, plan_digest, irreversible, reason, decided_by, begun, aim, stopping
  FROM greylag.releases
 WHERE CASE WHEN $1::text IS NULL THEN state IN ('running', 'fencing', 'rolling back')
            WHEN $1 = 'latest' THEN id = (SELECT id FROM greylag.releases ORDER BY accepted_at DESC, id DESC LIMIT 1)
            ELSE id = $1 END
