SELECT json_build_object(
         'targets', (
           SELECT coalesce(json_object_agg(x.name, x.migrations), '{}')
             FROM (SELECT a.service || '/' || a.target AS name,
                          json_agg(json_strip_nulls(json_build_object(
                                     'migration', a.migration, 'checksum', a.checksum, 'request', a.request,
                                     'release', coalesce(t.release, a.release), 'texts', t.texts))
                                   ORDER BY a.place) AS migrations
                     FROM greylag.applied a
                     LEFT JOIN (SELECT service, target, migration, min(release) FILTER (WHERE depth = 0) AS release,
                                       json_agg(json_build_object('checksum', checksum, 'request', request,
                                                                  'release', release, 'kept', kept)
                                                ORDER BY depth) AS texts
                                  FROM greylag.applied_texts GROUP BY service, target, migration) t
                       ON t.service = a.service AND t.target = a.target AND t.migration = a.migration
                    GROUP BY a.service, a.target ORDER BY 1) x),
         'foreign', (
           SELECT coalesce(json_object_agg(x.name, x.histories), '{}')
             FROM (SELECT f.service || '/' || f.target AS name,
                          json_agg(json_build_object('tool', f.tool, 'table', f.history_table, 'rows', f.content)
                                   ORDER BY f.place) AS histories
                     FROM greylag.foreign_history f
                    WHERE f.tool = 'greylag' OR NOT EXISTS (SELECT 1 FROM greylag.applied a
                                                             WHERE a.service = f.service AND a.target = f.target)
                    GROUP BY f.service, f.target ORDER BY 1) x))
