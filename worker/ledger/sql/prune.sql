-- $2: how long the history is kept, ms; $3: rows at most. What is in effect, what the coordinator has not acknowledged,
-- and all of the newest release always stay: that may go on, and a fence's answer that lacks one of its outcomes is
-- taken for a database that went back. Markers of what never ended go by the same age. Returns how many rows went.
WITH over AS (
    SELECT h.position
      FROM @schema@.history h
     WHERE h.target_id = $1::int
       AND h.finished_at < pg_catalog.clock_timestamp() - $2::bigint * interval '1 ms'
       AND h.position <= (SELECT a.through FROM @schema@.acknowledged a WHERE a.target_id = $1::int)
       AND h.release <> (SELECT n.release FROM @schema@.history n WHERE n.target_id = $1::int
                          ORDER BY n.position DESC LIMIT 1)
       AND NOT EXISTS (SELECT FROM @schema@.applied e WHERE e.target_id = $1::int AND e.position = h.position)
     ORDER BY h.position LIMIT $3::bigint
), gone AS (
    DELETE FROM @schema@.history h USING over
     WHERE h.target_id = $1::int AND h.position = over.position
    RETURNING 1
), forgotten AS (
    DELETE FROM @schema@.progress p
     WHERE p.target_id = $1::int AND p.began_at < pg_catalog.clock_timestamp() - $2::bigint * interval '1 ms'
    RETURNING 1
)
SELECT (SELECT pg_catalog.count(*) FROM gone) + (SELECT pg_catalog.count(*) FROM forgotten)
