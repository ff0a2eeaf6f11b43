-- Two keys that are no texts can be stored as one.
INSERT INTO greylag.strangers AS s (topic, key, why, messages, last_seen)
SELECT t, k, max(w), sum(n), clock_timestamp() FROM json_to_recordset($1::json) AS x(t text, k text, w text, n bigint)
 GROUP BY t, k
ON CONFLICT (topic, key) DO UPDATE
   SET why = excluded.why, messages = s.messages + excluded.messages, last_seen = excluded.last_seen
