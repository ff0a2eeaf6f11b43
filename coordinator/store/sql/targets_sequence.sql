INSERT INTO greylag.targets AS t (service, target, sequence, recorded)
SELECT s, n, q, r FROM json_to_recordset($1::json) AS x(s text, n text, q bigint, r bigint)
ON CONFLICT (service, target) DO UPDATE
   SET sequence = greatest(t.sequence, excluded.sequence), recorded = greatest(t.recorded, excluded.recorded)
