INSERT INTO greylag.targets AS known (service, target, sequence, recorded)
SELECT s, t, q, r FROM json_to_recordset($1::json) AS x(s text, t text, q bigint, r bigint)
ON CONFLICT (service, target) DO UPDATE
   SET sequence = greatest(known.sequence, excluded.sequence), recorded = greatest(known.recorded, excluded.recorded)
