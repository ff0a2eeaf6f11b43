-- From one value to another (milliseconds), unless the file has set another one.
SELECT pg_catalog.set_config('lock_timeout', $2::text, false)
  FROM pg_catalog.pg_settings WHERE name = 'lock_timeout' AND setting = $1::text
