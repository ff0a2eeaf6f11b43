INSERT INTO @table@ (version, run_on)
SELECT replace($1::text, '-', ''), $10::timestamptz WHERE NOT EXISTS (@check@)
