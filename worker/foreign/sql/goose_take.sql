DELETE FROM @table@ t WHERE t.version_id = $1::numeric
