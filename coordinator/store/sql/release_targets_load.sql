SELECT r.service, r.target, r.state, greatest(r.sequence, coalesce(t.sequence, 0)),
       greatest(r.recorded, coalesce(t.recorded, 0)), r.first, r.count, r.rebuild, r.problem,
       r.left_behind
  FROM greylag.release_targets r
  LEFT JOIN greylag.targets t ON t.service = r.service AND t.target = r.target
 WHERE r.release = $1 ORDER BY r.ix
