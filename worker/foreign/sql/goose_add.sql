INSERT INTO @table@ (version_id, is_applied, tstamp)
SELECT $1::numeric::bigint, true, $10::timestamptz WHERE NOT EXISTS (@check@)
