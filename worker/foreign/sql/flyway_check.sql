-- NULL or no row: the record does not say that the migration is in effect. A baseline stands for all versions up to it.
SELECT CASE WHEN r.checksum <> '' THEN 'crc32:' || r.checksum ELSE '' END
  FROM (@read@) r
 CROSS JOIN LATERAL (SELECT regexp_replace(regexp_replace(
       '.' || replace($1::text, '_', '.'), '\.0+(?=[0-9])', '.', 'g'), '(\.0)+$', '') AS key) mine
 WHERE r.state <> 'failed'
   AND CASE WHEN $5::text = 'repeatable' THEN r.version = '' AND (r.name = $2::text OR r.script = $3::text)
            WHEN r.version = '' THEN false
            WHEN r.key = mine.key THEN true
            WHEN r.state = 'baseline' AND r.key ~ '^(\.[0-9]+)*$' AND mine.key ~ '^(\.[0-9]+)*$'
            THEN string_to_array(substr(r.key, 2), '.')::numeric[] >=
                 string_to_array(substr(mine.key, 2), '.')::numeric[]
            ELSE false END
 ORDER BY r.state, r.place DESC
 LIMIT 1
