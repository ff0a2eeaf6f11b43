-- diesel: diesel/src/migration/setup_migration_table.sql
SELECT t.version::text AS version, '' AS name, '' AS script, '' AS checksum, 'applied' AS state,
       row_number() OVER (ORDER BY t.version) AS place
  FROM @table@ t
