SELECT ordinal, leg, target_ix, plan_step, direction, state, attempt, undoes, undoes_request, request_in_effect,
       outcome
  FROM greylag.steps WHERE release = $1 ORDER BY ordinal
