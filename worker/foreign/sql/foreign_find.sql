-- Tables that look like a tool's record: $1 tools, $2 what its table has, words separated by blanks, $3 how many
-- columns it has, 0 any, $4 its usual name: under that it may have more, which somebody has added. A word is a column,
-- a column:type, =name of the table, or ~migration as part of the name.
-- Sqitch's registry has a schema of its own, under any name; the others are looked for in the search_path.
SELECT tool.name AS tool, n.nspname AS schema, c.relname AS name, c.oid
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 CROSS JOIN LATERAL (SELECT pg_catalog.array_agg(pg_catalog.lower(a.attname)) ||
                            pg_catalog.array_agg(pg_catalog.lower(a.attname) || ':' || t.typname) AS words,
                            pg_catalog.count(*) AS columns
                       FROM pg_catalog.pg_attribute a
                       JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
                      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) has
  JOIN ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::int[]),
                  pg_catalog.unnest($4::text[])) AS tool (name, words, columns, usual)
    ON pg_catalog.string_to_array(tool.words, ' ') <@
       (has.words || ('=' || c.relname) || CASE WHEN c.relname LIKE '%migration%' THEN '~migration' END)
   AND (tool.columns = 0 OR tool.columns = has.columns OR
        (tool.columns < has.columns AND c.relname = tool.usual))
 WHERE c.relkind IN ('r', 'p')
   AND (n.nspname = ANY (pg_catalog.current_schemas(false)) OR tool.name = 'sqitch')
 ORDER BY pg_catalog.array_position(pg_catalog.current_schemas(false), n.nspname), n.nspname, c.relname, tool.name
