UPDATE greylag.foreign_history f
   SET content = coalesce((SELECT json_agg(e.r ORDER BY e.n)
                             FROM json_array_elements(f.content) WITH ORDINALITY AS e (r, n)
                            WHERE e.r ->> 'version' <> ALL (x.migrations)), '[]')
  FROM (SELECT r AS record, array_agg(m) AS migrations FROM json_to_recordset($1::json) AS g (r text, m text)
         GROUP BY r) x
 WHERE f.tool = 'greylag' AND f.history_table = x.record
