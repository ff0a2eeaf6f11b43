-- Where what names no schema takes effect: $1 a search_path, NULL the session's; and whether the target ($2) has it.
SELECT p.place, t.place IS NOT DISTINCT FROM p.place
  FROM @schema@.target t,
       (SELECT coalesce((SELECT CASE WHEN entry IN ('$user', '"$user"') THEN current_user::text
                                     WHEN entry LIKE '"%' THEN replace(btrim(entry, '"'), '""', '"')
                                     ELSE lower(entry) END
                           FROM (SELECT btrim(part) AS entry, at
                                   FROM unnest(string_to_array(coalesce($1, current_setting('search_path')), ','))
                                        WITH ORDINALITY AS x (part, at)) entries
                          WHERE entry <> '' AND (entry NOT IN ('$user', '"$user"') OR
                                                EXISTS (SELECT FROM pg_catalog.pg_namespace
                                                         WHERE nspname = current_user))
                          ORDER BY at LIMIT 1), '') AS place) p
 WHERE t.id = $2::int
