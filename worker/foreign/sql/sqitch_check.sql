-- The change's id finds its row; the registry is read as a whole only where nobody knows the id any more.
SELECT 'sha1:' || found.change_id
  FROM (SELECT c.change_id FROM @table@ c WHERE $4::text <> '' AND c.change_id = $4::text
         UNION ALL
        SELECT r.checksum FROM (@read@) r
         WHERE $4::text = '' AND $1::text IN (r.version, r.script || ':' || r.version)) found
 LIMIT 1
