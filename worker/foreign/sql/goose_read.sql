-- The last row of a version decides (goose: database/dialects.go, ListMigrations; older ones wrote a row with
-- is_applied false for a down). Version 0 only says that the table was made.
SELECT last.version_id::text AS version, '' AS name, '' AS script, '' AS checksum, 'applied' AS state, last.id AS place
  FROM (SELECT DISTINCT ON (t.version_id) t.version_id, t.is_applied, t.id
          FROM @table@ t
         ORDER BY t.version_id, t.id DESC) last
 WHERE last.is_applied AND last.version_id <> 0
