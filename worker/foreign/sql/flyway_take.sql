-- The row in effect goes, and Flyway finds the migration pending: it knows undo rows in its paid tier alone. A
-- repeatable's earlier row is then the latest again, unless it is to be forgotten altogether.
DELETE FROM @table@ f
 WHERE f.installed_rank IN
       (SELECT r.place
          FROM (@read@) r
         WHERE CASE WHEN $5::text = 'repeatable' THEN r.version = '' AND (r.name = $2::text OR r.script = $3::text)
                    ELSE r.version <> '' AND
                         r.key = regexp_replace(regexp_replace(
                                 '.' || replace($1::text, '_', '.'), '\.0+(?=[0-9])', '.', 'g'), '(\.0)+$', '') END)
    OR ($5::text = 'repeatable' AND $6::text = 'forget' AND f.version IS NULL AND
        (f.description = $2::text OR f.script = $3::text) AND upper(f.type) <> 'SCHEMA')
