-- As in raise.sql: on disk.
SELECT *, CASE pg_catalog.current_setting('synchronous_commit')
          WHEN 'off' THEN pg_catalog.set_config('synchronous_commit', 'on', true) END
  FROM @schema@.record($1::int, $2::bigint, $3::text, $4::bigint, $5::text, $6::text, $7::text, $8::text,
                              $9::text, $10::text, $11::bigint,
                              coalesce(pg_catalog.to_timestamp(nullif($12::bigint, 0) / 1000000.0),
                                       pg_catalog.clock_timestamp() - $18::bigint * interval '1 ms'),
                              $13::text, $14::text, $15::bigint, $16::text, $17::text, $19::text)
