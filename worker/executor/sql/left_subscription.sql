-- Other databases of the server may have one of the same name.
SELECT '', '' FROM pg_catalog.pg_subscription
 WHERE subname OPERATOR(pg_catalog.=) $1::pg_catalog.text
   AND subdbid OPERATOR(pg_catalog.=) (SELECT oid FROM pg_catalog.pg_database
                   WHERE datname OPERATOR(pg_catalog.=) pg_catalog.current_database())
