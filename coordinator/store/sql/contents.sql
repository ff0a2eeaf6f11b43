SELECT service, target, migration, checksum, request, release FROM greylag.applied ORDER BY service, target, place
