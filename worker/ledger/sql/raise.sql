-- A fence that is told has to be on disk, whatever the server's synchronous_commit has become.
SELECT *, NOT EXISTS (SELECT FROM @schema@.applied WHERE target_id = $1::int),
       EXISTS (SELECT FROM @schema@.target mine
                 JOIN @schema@.target t ON (t.place = mine.place OR t.place IS NULL) AND t.id <> mine.id
                WHERE mine.id = $1::int AND EXISTS (SELECT FROM @schema@.applied a WHERE a.target_id = t.id)),
       EXISTS (SELECT FROM pg_catalog.pg_proc WHERE proname = 'dblink_get_connections'),
       CASE pg_catalog.current_setting('synchronous_commit')
       WHEN 'off' THEN pg_catalog.set_config('synchronous_commit', 'on', true) END
  FROM @schema@.fence_raise($1::int, $2::bigint, $3::text, $4::bigint, $5::text, $6::bigint, $7::bigint,
                            $8::text, $9::int, $10::boolean)
