WITH quick AS (SELECT pg_catalog.set_config('synchronous_commit', 'off', true))
UPDATE @schema@.lease SET expires = pg_catalog.clock_timestamp() + $3::bigint * interval '1 ms'
  FROM quick
 WHERE target_id = $1::int AND pid = $2::int
