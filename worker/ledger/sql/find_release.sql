SELECT request, release, direction, kind, migration, checksum, attempt, position, sequence,
       (pg_catalog.date_part('epoch', started_at) * 1000000)::bigint,
       (pg_catalog.date_part('epoch', finished_at) * 1000000)::bigint,
       sqlstate, message, line, "left", detail, said
  FROM @schema@.history
 WHERE target_id = $1::int AND release = $2::text
 ORDER BY position
