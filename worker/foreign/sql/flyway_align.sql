-- What `flyway repair` aligns (flyway-core: JdbcTableSchemaHistory.java, update).
UPDATE @table@ f
   SET description = CASE WHEN length($2::text) > 200 THEN left($2::text, 197) || '...' ELSE $2::text END,
       checksum = nullif($4::text, '')::int
 WHERE f.installed_rank IN
       (SELECT r.place
          FROM (@read@) r
         WHERE r.state = 'applied'
           AND CASE WHEN $5::text = 'repeatable' THEN r.version = '' AND (r.name = $2::text OR r.script = $3::text)
                    ELSE r.version <> '' AND
                         r.key = regexp_replace(regexp_replace(
                                 '.' || replace($1::text, '_', '.'), '\.0+(?=[0-9])', '.', 'g'), '(\.0)+$', '') END)
