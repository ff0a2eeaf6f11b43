DELETE FROM greylag.foreign_history WHERE service = $1 AND target = $2 AND ($3::boolean OR tool = 'greylag')
