DELETE FROM greylag.foreign_history WHERE service = $1 AND target = $2
