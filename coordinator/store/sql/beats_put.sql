UPDATE greylag.workers AS known SET beat = x.b
  FROM (SELECT w, max(b) AS b FROM json_to_recordset($1::json) AS x(w text, b bigint) GROUP BY w) AS x
 WHERE known.worker = x.w AND known.beat < x.b
