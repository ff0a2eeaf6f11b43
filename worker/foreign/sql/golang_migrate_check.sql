SELECT '' FROM @table@ t WHERE t.version >= $1::numeric AND NOT t.dirty LIMIT 1
