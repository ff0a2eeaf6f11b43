SELECT json_build_object(
         'fleet', i.fleet, 'environment', i.environment,
         'schema', (SELECT max(version) FROM greylag.schema_version),
         'leader', CASE WHEN l.epoch > 0 THEN json_build_object(
                     'holder', l.holder, 'epoch', l.epoch,
                     'expiresAtUs', CASE WHEN l.expires_at > '-infinity'
                                         THEN (extract(epoch FROM l.expires_at) * 1000000)::bigint END,
                     'valid', l.expires_at > clock_timestamp()) END,
         'open', (SELECT id FROM greylag.releases WHERE state IN ('running', 'fencing', 'rolling back')),
         'outbox', (SELECT count(*) FROM greylag.outbox),
         'targets', (SELECT count(*) FROM greylag.targets WHERE forgotten_at IS NULL AND last_seen IS NOT NULL)
                    + (SELECT count(DISTINCT (k.service, k.target)) FROM greylag.keys k
                        WHERE k.revoked_at IS NULL
                          AND NOT EXISTS (SELECT 1 FROM greylag.targets t
                                           WHERE t.target = k.target AND k.service IN ('', t.service)
                                             AND t.last_seen IS NOT NULL)),
         'reporting', (SELECT count(*) FROM greylag.targets t LEFT JOIN greylag.workers w ON w.worker = t.worker
                        WHERE forgotten_at IS NULL AND greylag.heard_within(t.last_seen, $1::bigint) AND problem = ''
                          AND NOT coalesce(w.leaving, false)))
  FROM greylag.identity i, greylag.lease l
