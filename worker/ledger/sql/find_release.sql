-- All of them travel in one message, a fence's answer: what the server said while steps took effect stays here where
-- it would make that too large to be read.
SELECT request, release, direction, kind, migration, checksum, attempt, position, sequence,
       (pg_catalog.date_part('epoch', started_at) * 1000000)::bigint,
       (pg_catalog.date_part('epoch', finished_at) * 1000000)::bigint,
       sqlstate, message, line, "left", detail,
       CASE WHEN kind <> 'applied' OR pg_catalog.sum(pg_catalog.length(said)) OVER () <= 1048576 THEN said ELSE '' END
  FROM @schema@.history
 WHERE target_id = $1::int AND release = $2::text
 ORDER BY position
