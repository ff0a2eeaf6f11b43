INSERT INTO @table@ (version) SELECT $1::text WHERE NOT EXISTS (@check@)
