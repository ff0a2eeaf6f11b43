SELECT json_build_object(
         'workers', (
           SELECT coalesce(json_agg(json_build_object(
                    'worker', w.worker, 'host', w.host, 'version', w.version, 'leaving', w.leaving,
                    'state', CASE WHEN w.leaving THEN 'stopped'
                                  WHEN greylag.heard_within(w.last_seen, $1::bigint) THEN 'reports'
                                  ELSE 'silent' END,
                    'lastSeenUs', (extract(epoch FROM w.last_seen) * 1000000)::bigint,
                    'targets', (SELECT coalesce(json_agg(json_build_object('service', t.service, 'target', t.target,
                                         'problem', t.problem, 'working', t.working) ORDER BY t.service, t.target),
                                         '[]')
                                  FROM greylag.targets t
                                 WHERE t.worker = w.worker AND t.forgotten_at IS NULL))
                    ORDER BY w.last_seen DESC, w.worker), '[]')
             FROM greylag.workers w),
         'keys', (
           SELECT coalesce(json_agg(json_build_object(
                    'key', k.key, 'name', k.name, 'targets', k.targets, 'unseen', k.unseen, 'enrolledBy', k.enrolled_by,
                    'enrolledAtUs', (extract(epoch FROM k.enrolled_at) * 1000000)::bigint,
                    'revokedAtUs', (extract(epoch FROM k.revoked_at) * 1000000)::bigint,
                    'revokedBy', k.revoked_by) ORDER BY k.name, k.key), '[]')
             FROM (SELECT key, min(name) AS name, min(enrolled_by) AS enrolled_by, min(enrolled_at) AS enrolled_at,
                          max(revoked_at) AS revoked_at, max(revoked_by) AS revoked_by,
                          json_agg(CASE WHEN service = '' THEN target ELSE service || '/' || target END
                                   ORDER BY service, target) AS targets,
                          coalesce(json_agg(CASE WHEN service = '' THEN target ELSE service || '/' || target END
                                            ORDER BY service, target)
                                   FILTER (WHERE NOT EXISTS (
                                     SELECT 1 FROM greylag.targets t
                                      WHERE t.target = n.target AND n.service IN ('', t.service)
                                        AND t.last_seen IS NOT NULL)), '[]') AS unseen
                     FROM greylag.keys n GROUP BY key) k))
