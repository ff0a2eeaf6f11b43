-- Without the dashes of the folder's name (diesel_migrations: migrations_internals/src/lib.rs, version_from_string).
SELECT '' FROM @table@ t WHERE t.version = replace($1::text, '-', '') LIMIT 1
