INSERT INTO greylag.offsets (topic, partition, next, digest)
SELECT t, p, n, d FROM json_to_recordset($1::json) AS x(t text, p int, n bigint, d text)
ON CONFLICT (topic, partition) DO UPDATE SET next = excluded.next, digest = excluded.digest
