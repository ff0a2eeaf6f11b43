SELECT p.target_ix, p.service, p.migration, p.direction, p.way_back, p.undoes, p.undoes_release, p.on_failure,
       p.lock_timeout_ms, p.statement_timeout_ms, p.retries, to_json(p.needs), p.leaf, p.recorded, p.in_history,
       p.earlier, p.earlier_request, coalesce(octet_length(v.body), 0), coalesce(octet_length(e.body), 0),
       coalesce(b.placeholders, ''), p.taken_from
  FROM greylag.plan_steps p
  LEFT JOIN greylag.blobs v ON v.digest = p.verify AND p.verify <> ''
  LEFT JOIN greylag.blobs e ON e.digest = p.earlier AND p.earlier <> ''
  LEFT JOIN greylag.plan_steps b ON p.earlier <> '' AND b.release = split_part(p.earlier_request, '.', 1)
       AND b.ordinal = greylag.ordinal_of(p.earlier_request)
 WHERE p.release = $1 ORDER BY p.ordinal
