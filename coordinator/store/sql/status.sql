WITH listed AS (
  SELECT service, target FROM greylag.targets
  UNION
  SELECT x.s, x.t FROM json_to_recordset($1::json) AS x(s text, t text)
)
SELECT json_build_object(
         'fleet', i.fleet, 'environment', i.environment,
         'open', (SELECT id FROM greylag.releases WHERE state IN ('running', 'fencing', 'rolling back')),
         'targets', (
           SELECT coalesce(json_agg(json_build_object(
                    'service', l.service, 'target', l.target,
                    'applied', (SELECT count(*) FROM greylag.applied a
                                 WHERE a.service = l.service AND a.target = l.target),
                    'last', (SELECT json_build_object('migration', a.migration, 'release', a.release)
                               FROM greylag.applied a
                              WHERE a.service = l.service AND a.target = l.target ORDER BY a.place DESC LIMIT 1),
                    'known', coalesce(t.known, false), 'contents', coalesce(t.contents, ''),
                    'lastSeenUs', (extract(epoch FROM t.last_seen) * 1000000)::bigint,
                    'problem', coalesce(t.problem, ''), 'worker', coalesce(t.worker, ''),
                    'pending', CASE WHEN $3::boolean THEN (
                                 SELECT count(*) FROM json_to_recordset($2::json) AS c(s text, m text)
                                  WHERE c.s = l.service
                                    AND EXISTS (SELECT 1 FROM json_to_recordset($1::json) AS x(s text, t text)
                                                 WHERE x.s = l.service AND x.t = l.target)
                                    AND NOT EXISTS (SELECT 1 FROM greylag.applied a
                                                     WHERE a.service = l.service AND a.target = l.target
                                                       AND a.migration = c.m)) END,
                    'unknown', CASE WHEN $3::boolean THEN (SELECT count(*) FROM greylag.applied a
                                 WHERE a.service = l.service AND a.target = l.target
                                   AND NOT EXISTS (SELECT 1 FROM json_to_recordset($2::json) AS c(s text, m text)
                                                    WHERE c.s = l.service AND c.m = a.migration)) END)
                    ORDER BY l.service, l.target), '[]')
             FROM listed l
             LEFT JOIN greylag.targets t ON t.service = l.service AND t.target = l.target))
  FROM greylag.identity i
