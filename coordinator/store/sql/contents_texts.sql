SELECT service, target, migration, checksum, request, release, kept
  FROM greylag.applied_texts ORDER BY service, target, migration, depth
