SELECT statement, done_at IS NOT NULL, made, found, session,
       (pg_catalog.date_part('epoch', began_at) * 1000000)::bigint
  FROM @schema@.progress
 WHERE target_id = $1::int AND request = $2::text
 ORDER BY statement
