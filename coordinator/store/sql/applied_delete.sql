DELETE FROM greylag.applied a
 USING json_to_recordset($1::json) AS x(s text, t text, m text)
 WHERE a.service = x.s AND a.target = x.t AND a.migration = x.m
