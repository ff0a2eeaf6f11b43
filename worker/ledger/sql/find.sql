SELECT request, release, direction, kind, migration, checksum, attempt, position, sequence,
       (pg_catalog.date_part('epoch', started_at) OPERATOR(pg_catalog.*) 1000000)::bigint,
       (pg_catalog.date_part('epoch', finished_at) OPERATOR(pg_catalog.*) 1000000)::bigint,
       sqlstate, message, line, "left", detail, said
  FROM @schema@.history
 WHERE target_id OPERATOR(pg_catalog.=) $1::int AND request OPERATOR(pg_catalog.=) ANY($2::pg_catalog.text[])
 ORDER BY position
