SELECT CASE WHEN r.checksum <> '' THEN 'md5:' || r.checksum ELSE '' END
  FROM (@read@) r
 WHERE r.version = $1::text AND r.state = 'applied'
 LIMIT 1
