INSERT INTO @table@ (version_id, is_applied) SELECT $1::numeric::bigint, true WHERE NOT EXISTS (@check@)
