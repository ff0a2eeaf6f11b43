SELECT coalesce((pg_catalog.parse_ident(nullif(nullif(pg_catalog.btrim(pg_catalog.split_part($1::text, ',', 1)), ''), '"$user"')))[1],
                pg_catalog.current_schema()),
       current_user,
       pg_catalog.current_database()
