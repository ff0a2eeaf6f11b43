INSERT INTO greylag.workers (worker, host, version, leaving, last_seen)
SELECT DISTINCT ON (w) w, h, v, l, clock_timestamp()
  FROM json_to_recordset($1::json) AS x(i int, w text, h text, v text, l boolean)
 ORDER BY w, i DESC
ON CONFLICT (worker) DO UPDATE
   SET host = excluded.host, version = excluded.version, leaving = excluded.leaving, last_seen = excluded.last_seen
