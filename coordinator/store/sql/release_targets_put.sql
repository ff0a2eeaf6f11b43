INSERT INTO greylag.release_targets (release, ix, service, target, state, sequence, recorded, first, count, rebuild,
                                     problem, left_behind)
SELECT $1, i, s, t, st, q, r, f, c, rb, pr, lb
  FROM json_to_recordset($2::json)
       AS x(i int, s text, t text, st text, q bigint, r bigint, f int, c int, rb boolean, pr text,
            lb text)
ON CONFLICT (release, ix) DO UPDATE
   SET state = excluded.state, sequence = excluded.sequence, recorded = excluded.recorded,
       first = excluded.first, count = excluded.count, rebuild = excluded.rebuild, problem = excluded.problem,
       left_behind = excluded.left_behind
