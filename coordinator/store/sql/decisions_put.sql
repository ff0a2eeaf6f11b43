INSERT INTO greylag.decisions (release, epoch, position, row, why, step, target, before, after, detail)
SELECT $1, $2::bigint, p, r, w, s, t, b, a, d
  FROM json_to_recordset($3::json)
       AS x(i int, p int, r text, w text, s int, t int, b text, a text, d text)
 ORDER BY i
