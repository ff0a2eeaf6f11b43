SELECT 'sha1:' || r.checksum
  FROM (@read@) r
 WHERE CASE WHEN $4::text <> '' THEN r.checksum = $4::text
            ELSE $1::text IN (r.version, r.script || ':' || r.version) END
 LIMIT 1
