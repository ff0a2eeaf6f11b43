WITH quick AS (SELECT pg_catalog.set_config('synchronous_commit', 'off', true))
INSERT INTO @schema@.acknowledged AS a (target_id, through)
SELECT $1::int, $2::bigint FROM quick
    ON CONFLICT (target_id) DO UPDATE SET through = greatest(a.through, excluded.through)
