INSERT INTO greylag.applied (service, target, migration, checksum, request, release)
SELECT s, t, m, c, q, r
  FROM json_to_recordset($1::json) AS x(s text, t text, m text, c text, q text, r text, p bigint)
 ORDER BY s, t, p
ON CONFLICT (service, target, migration) DO UPDATE
   SET checksum = excluded.checksum, request = excluded.request, release = excluded.release
