INSERT INTO greylag.jobs (service, target, sequence, release, epoch, term, fence, digest, ordinals)
SELECT s, t, q, r, $2::bigint, $3, f, d, o
  FROM json_to_recordset($1::json)
       AS x(s text, t text, q bigint, r text, f boolean, d text, o int[])
ON CONFLICT DO NOTHING
