INSERT INTO @table@ (version) SELECT replace($1::text, '-', '') WHERE NOT EXISTS (@check@)
