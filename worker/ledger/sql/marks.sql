SELECT statement, done_at IS NOT NULL, made, found, session,
       (pg_catalog.date_part('epoch', began_at) OPERATOR(pg_catalog.*) 1000000)::bigint
  FROM @schema@.progress
 WHERE target_id OPERATOR(pg_catalog.=) $1::int AND request OPERATOR(pg_catalog.=) $2::pg_catalog.text
 ORDER BY statement
