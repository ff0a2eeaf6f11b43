INSERT INTO greylag.steps (release, ordinal, leg, target_ix, plan_step, direction, state, attempt, undoes,
                           undoes_request, request_in_effect, request, outcome)
SELECT $1, o, l, ti, p, d, s, a, u, ur, re, rq, oc
  FROM json_to_recordset($2::json)
       AS x(o int, l int, ti int, p int, d text, s text, a int, u int, ur text, re text, rq text, oc jsonb)
ON CONFLICT (release, ordinal) DO UPDATE
   SET state = excluded.state, attempt = excluded.attempt, undoes = excluded.undoes,
       undoes_request = excluded.undoes_request, request_in_effect = excluded.request_in_effect,
       request = excluded.request, outcome = excluded.outcome
