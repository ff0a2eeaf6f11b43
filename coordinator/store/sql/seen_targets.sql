INSERT INTO greylag.targets AS t (service, target, last_seen, worker, working, contents, problem, system_identifier,
                                  fence_epoch, fence_sequence, sequence, untrusted)
SELECT DISTINCT ON (s, n) s, n, clock_timestamp(), w, wk, c, p, si, fe, fs, sq, coalesce(u, 0)
  FROM json_to_recordset($1::json)
       AS x(i int, s text, n text, w text, wk bigint, c text, p text, si text, fe bigint, fs bigint, sq bigint,
            u bigint)
 ORDER BY s, n, i DESC
ON CONFLICT (service, target) DO UPDATE
   SET last_seen = excluded.last_seen, worker = excluded.worker, working = excluded.working,
       contents = excluded.contents, problem = excluded.problem, system_identifier = excluded.system_identifier,
       fence_epoch = excluded.fence_epoch, fence_sequence = excluded.fence_sequence,
       sequence = greatest(t.sequence, excluded.sequence), forgotten_at = NULL,
       untrusted = excluded.untrusted
