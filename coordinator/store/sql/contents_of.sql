SELECT migration, checksum, request, release FROM greylag.applied WHERE service = $1 AND target = $2 ORDER BY place
