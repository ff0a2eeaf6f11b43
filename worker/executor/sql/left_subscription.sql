SELECT '', '' FROM pg_catalog.pg_subscription WHERE subname = $1::text
