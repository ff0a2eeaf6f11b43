WITH gone AS (
  SELECT topic, key FROM greylag.strangers
   WHERE last_seen < now() - least($1::bigint, 86400000) * interval '1 ms' LIMIT $2::bigint
), deleted AS (
  DELETE FROM greylag.strangers s USING gone g WHERE s.topic = g.topic AND s.key = g.key RETURNING 1
)
SELECT count(*) FROM deleted
