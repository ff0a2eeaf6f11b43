DELETE FROM @table@ t WHERE t.version = replace($1::text, '-', '')
