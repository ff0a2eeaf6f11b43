INSERT INTO greylag.strangers AS s (topic, key, why, messages, last_seen)
SELECT t, k, w, n, clock_timestamp() FROM json_to_recordset($1::json) AS x(t text, k text, w text, n bigint)
ON CONFLICT (topic, key) DO UPDATE
   SET why = excluded.why, messages = s.messages + excluded.messages, last_seen = excluded.last_seen
