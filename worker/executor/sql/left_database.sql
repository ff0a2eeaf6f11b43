-- -2: DROP DATABASE was interrupted, and nobody can connect to it any more.
SELECT pg_catalog.format('the database %I, half dropped', datname),
       CASE WHEN datconnlimit OPERATOR(pg_catalog.=) -2 THEN pg_catalog.format('DROP DATABASE %I', datname) ELSE '' END
  FROM pg_catalog.pg_database WHERE datname OPERATOR(pg_catalog.=) $1::pg_catalog.text
