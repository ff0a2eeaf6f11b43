SELECT json_build_object(
         'targets', (
           SELECT coalesce(json_object_agg(x.name, x.migrations), '{}')
             FROM (SELECT service || '/' || target AS name,
                          json_agg(json_build_object('migration', migration, 'checksum', checksum, 'request', request,
                                                     'release', release) ORDER BY place) AS migrations
                     FROM greylag.applied GROUP BY service, target ORDER BY 1) x),
         'foreign', (
           SELECT coalesce(json_object_agg(x.name, x.histories), '{}')
             FROM (SELECT f.service || '/' || f.target AS name,
                          json_agg(json_build_object('tool', f.tool, 'table', f.history_table, 'rows', f.content)
                                   ORDER BY f.place) AS histories
                     FROM greylag.foreign_history f
                    WHERE NOT EXISTS (SELECT 1 FROM greylag.applied a
                                       WHERE a.service = f.service AND a.target = f.target)
                    GROUP BY f.service, f.target ORDER BY 1) x))
