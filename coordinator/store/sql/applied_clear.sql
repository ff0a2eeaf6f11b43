DELETE FROM greylag.applied WHERE service = $1 AND target = $2
