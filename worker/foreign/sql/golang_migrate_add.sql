-- A higher version that stands there already, stays.
INSERT INTO @table@ (version, dirty)
SELECT $1::numeric::bigint, false WHERE NOT EXISTS (SELECT FROM @table@)
