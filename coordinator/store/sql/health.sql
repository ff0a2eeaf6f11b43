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
         'targets', (SELECT count(*) FROM greylag.targets WHERE forgotten_at IS NULL),
         'reporting', (SELECT count(*) FROM greylag.targets
                        WHERE forgotten_at IS NULL AND greylag.heard_within(last_seen, $1::bigint) AND problem = ''))
  FROM greylag.identity i, greylag.lease l
