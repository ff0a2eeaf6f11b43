SELECT coalesce((SELECT CASE WHEN name ~ '^".*"$'
                             THEN pg_catalog.replace(pg_catalog.substr(name, 2, pg_catalog.length(name) - 2), '""', '"')
                             ELSE pg_catalog.lower(name) END
                   FROM pg_catalog.btrim(pg_catalog.split_part(pg_catalog.current_setting('greylag.search_path', true),
                                                               ',', 1)) AS name
                  WHERE name NOT IN ('', '"$user"', '$user')),
                pg_catalog.current_schema()),
       current_user,
       pg_catalog.current_database()
