UPDATE greylag.targets t SET known = false
  FROM unnest($1::text[], $2::text[]) AS x(s, n)
 WHERE t.service = x.s AND t.target = x.n AND t.known
