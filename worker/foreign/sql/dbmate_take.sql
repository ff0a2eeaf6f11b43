DELETE FROM @table@ t WHERE t.version = $1::text
