-- flyway-core: SchemaHistory.java, AbbreviationUtils.java. A repeatable adds a row at each run; nothing else is added
-- twice.
INSERT INTO @table@ (installed_rank, version, description, type, script, checksum, installed_by, installed_on,
                     execution_time, success)
SELECT coalesce(max(installed_rank), 0) + 1,
       CASE WHEN $5::text <> 'repeatable' THEN replace($1::text, '_', '.') END,
       CASE WHEN length($2::text) > 200 THEN left($2::text, 197) || '...' ELSE $2::text END,
       CASE WHEN $5::text = 'baseline' THEN 'SQL_BASELINE' ELSE 'SQL' END,
       CASE WHEN length($3::text) > 1000 THEN '...' || substr($3::text, 4, 997) ELSE $3::text END,
       nullif($4::text, '')::int, current_user, $10::timestamptz, $7::int, true
  FROM @table@
HAVING ($5::text = 'repeatable' AND $6::text = 'up') OR NOT EXISTS (@check@)
