SELECT json_build_object('targets', coalesce(json_object_agg(x.name, x.migrations), '{}'))
  FROM (SELECT service || '/' || target AS name,
               json_agg(json_build_object('migration', migration, 'checksum', checksum, 'request', request,
                                          'release', release) ORDER BY place) AS migrations
          FROM greylag.applied GROUP BY service, target ORDER BY 1) x
