INSERT INTO greylag.workers AS known (worker, host, version, leaving, beat, last_seen)
SELECT DISTINCT ON (w) w, h, v, l, b, clock_timestamp()
  FROM json_to_recordset($1::json) AS x(w text, h text, v text, l boolean, b bigint)
 ORDER BY w, b DESC
ON CONFLICT (worker) DO UPDATE
   SET host = excluded.host, version = excluded.version, leaving = excluded.leaving, last_seen = excluded.last_seen,
       beat = greatest(known.beat, excluded.beat)
