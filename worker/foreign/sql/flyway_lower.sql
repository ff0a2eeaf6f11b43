-- A baseline marker stands for what lies below it as well: it goes down to the version that is applied before this one.
UPDATE @table@ f
   SET version = before.version
  FROM (SELECT substring(a.migration, '^[0-9]+(?:[._][0-9]+)*') AS version
          FROM @schema@.applied a
         WHERE a.target_id = $8::int AND a.migration ~ '^[0-9]'
         ORDER BY string_to_array(replace(
                  substring(a.migration, '^[0-9]+(?:[._][0-9]+)*'), '_', '.'), '.')::numeric[] DESC
         LIMIT 1) before
 WHERE upper(f.type) = 'BASELINE'
   AND regexp_replace(regexp_replace(
       '.' || replace(f.version, '_', '.'), '\.0+(?=[0-9])', '.', 'g'), '(\.0)+$', '') =
       regexp_replace(regexp_replace(
       '.' || replace($1::text, '_', '.'), '\.0+(?=[0-9])', '.', 'g'), '(\.0)+$', '')
