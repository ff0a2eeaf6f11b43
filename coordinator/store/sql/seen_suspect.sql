UPDATE greylag.targets t SET known = false
  FROM json_to_recordset($1::json) AS x(s text, n text, su boolean)
 WHERE x.su AND t.service = x.s AND t.target = x.n AND t.known
