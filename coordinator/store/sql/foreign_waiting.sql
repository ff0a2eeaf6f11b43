SELECT n.service, n.target
  FROM unnest($1::text[], $2::text[]) AS n(service, target)
  LEFT JOIN greylag.targets t ON t.service = n.service AND t.target = n.target
 WHERE coalesce(t.foreign_answered_us, 0) < $3::bigint
 ORDER BY 1, 2
