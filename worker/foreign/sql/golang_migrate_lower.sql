-- Back to the highest version that is still applied.
UPDATE @table@ t
   SET version = before.version, dirty = false
  FROM (SELECT max(substring(a.migration, '^[0-9]+')::numeric) AS version
          FROM @schema@.applied a
         WHERE a.target_id = $8::int AND a.migration ~ '^[0-9]'
           AND substring(a.migration, '^[0-9]+')::numeric < $1::numeric) before
 WHERE t.version = $1::numeric AND before.version IS NOT NULL
