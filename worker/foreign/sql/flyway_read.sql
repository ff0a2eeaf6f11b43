-- flyway-core: MigrationInfoServiceImpl.java. The last row of a version, or of a repeatable's description, decides;
-- DELETE and an undo take it away; SCHEMA says nothing of a migration. `key` is the version as MigrationVersion.java
-- compares it: `_` is `.`, leading zeros and trailing zero parts do not count.
SELECT last.version, last.name, last.script, last.checksum, last.state, last.place, last.key
  FROM (SELECT DISTINCT ON (f.version IS NULL, k.key, CASE WHEN f.version IS NULL THEN f.description END)
               coalesce(f.version, '') AS version, coalesce(f.description, '') AS name,
               coalesce(f.script, '') AS script, coalesce(f.checksum::text, '') AS checksum,
               CASE WHEN f.success IS NOT TRUE THEN 'failed'
                    WHEN upper(f.type) IN ('BASELINE', 'SQL_BASELINE', 'JDBC_BASELINE', 'SQL_STATE_SCRIPT',
                                                      'JDBC_STATE_SCRIPT') THEN 'baseline'
                    ELSE 'applied' END AS state,
               f.installed_rank::bigint AS place, k.key, upper(f.type) AS type
          FROM @table@ f
         CROSS JOIN LATERAL (SELECT regexp_replace(regexp_replace(
               '.' || replace(f.version, '_', '.'), '\.0+(?=[0-9])', '.', 'g'), '(\.0)+$', '') AS key) k
         WHERE upper(f.type) <> 'SCHEMA'
         ORDER BY f.version IS NULL, k.key, CASE WHEN f.version IS NULL THEN f.description END,
                  f.installed_rank DESC) last
 WHERE last.type <> 'DELETE' AND NOT (last.type LIKE 'UNDO%' AND last.state = 'applied')
