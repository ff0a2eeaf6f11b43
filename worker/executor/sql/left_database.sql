-- -2: DROP DATABASE was interrupted, and nobody can connect to it any more.
SELECT pg_catalog.format('the database %I, half dropped', datname),
       CASE WHEN datconnlimit = -2 THEN pg_catalog.format('DROP DATABASE %I', datname) ELSE '' END
  FROM pg_catalog.pg_database WHERE datname = $1::text
