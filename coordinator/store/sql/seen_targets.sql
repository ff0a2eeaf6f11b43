INSERT INTO greylag.targets AS t (service, target, last_seen, worker, working, contents, problem, sequence, untrusted)
SELECT DISTINCT ON (s, n) s, n, clock_timestamp(), w, wk, c, p, sq, coalesce(u, 0)
  FROM json_to_recordset($1::json)
       AS x(i int, s text, n text, w text, wk bigint, c text, p text, sq bigint, u bigint)
 ORDER BY s, n, i DESC
ON CONFLICT (service, target) DO UPDATE
   SET last_seen = excluded.last_seen, worker = excluded.worker, working = excluded.working,
       contents = excluded.contents, problem = excluded.problem,
       sequence = greatest(t.sequence, excluded.sequence), forgotten_at = NULL, untrusted = excluded.untrusted
