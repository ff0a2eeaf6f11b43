SELECT id FROM @schema@.target WHERE fleet = $1 AND environment = $2 AND service = $3 AND target = $4
