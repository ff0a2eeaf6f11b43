UPDATE greylag.orders o SET handled_at = clock_timestamp(), result = x.r
  FROM json_to_recordset($1::json) AS x(i bigint, r text)
 WHERE o.id = x.i
