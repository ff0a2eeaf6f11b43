SELECT a.service, a.target, a.migration, a.checksum, a.request, a.release, t.forgotten_at IS NOT NULL AS forgotten
  FROM greylag.applied a LEFT JOIN greylag.targets t ON t.service = a.service AND t.target = a.target
 ORDER BY a.service, a.target, a.place
