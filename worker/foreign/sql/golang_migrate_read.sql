-- One row: every version up to it (golang-migrate: database/postgres/postgres.go).
SELECT t.version::text AS version, '' AS name, '' AS script, '' AS checksum,
       CASE WHEN t.dirty IS NOT FALSE THEN 'failed' ELSE 'baseline' END AS state, t.version AS place
  FROM @table@ t
