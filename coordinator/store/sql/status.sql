WITH listed AS (
  SELECT service, target FROM greylag.targets WHERE forgotten_at IS NULL
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
                    'known', greylag.is_known(t.known, t.known_in), 'contents', coalesce(t.contents, ''),
                    'forgotten', t.forgotten_at IS NOT NULL,
                    'lastSeenUs', (extract(epoch FROM t.last_seen) * 1000000)::bigint,
                    'problem', coalesce(t.problem, ''), 'worker', coalesce(t.worker, ''),
                    'pending', null, 'unknown', null,
                    'held', CASE WHEN $2::boolean THEN (
                              SELECT coalesce(json_agg(json_build_array(a.migration, a.checksum)
                                                       ORDER BY a.place), '[]')
                                FROM greylag.applied a WHERE a.service = l.service AND a.target = l.target) END)
                    ORDER BY l.service, l.target), '[]')
             FROM listed l
             LEFT JOIN greylag.targets t ON t.service = l.service AND t.target = l.target))
  FROM greylag.identity i
