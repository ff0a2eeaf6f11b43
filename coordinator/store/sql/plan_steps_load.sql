SELECT target_ix, service, migration, direction, way_back, undoes, undoes_release, on_failure, lock_timeout_ms,
       statement_timeout_ms, retries, to_json(needs), leaf, recorded, in_history
  FROM greylag.plan_steps WHERE release = $1 ORDER BY ordinal
