-- One row for each head: all revisions that it stems from are in effect too (alembic: runtime/migration.py).
SELECT t.version_num::text AS version, '' AS name, '' AS script, '' AS checksum, 'baseline' AS state,
       row_number() OVER (ORDER BY t.version_num) AS place
  FROM @table@ t
