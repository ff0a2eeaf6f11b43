INSERT INTO greylag.foreign_history (service, target, place, tool, history_table, content)
SELECT $1, $2, p, o, h, c FROM json_to_recordset($3::json) AS x(p int, o text, h text, c json)
