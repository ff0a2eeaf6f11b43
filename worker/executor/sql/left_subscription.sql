-- Other databases of the server may have one of the same name.
SELECT '', '' FROM pg_catalog.pg_subscription
 WHERE subname = $1::text
   AND subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
