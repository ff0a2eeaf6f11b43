-- From one value to another (milliseconds), unless the file has set another one.
SELECT pg_catalog.set_config('lock_timeout', $2::pg_catalog.text, false)
  FROM pg_catalog.pg_settings
 WHERE name OPERATOR(pg_catalog.=) 'lock_timeout' AND setting OPERATOR(pg_catalog.=) $1::pg_catalog.text
