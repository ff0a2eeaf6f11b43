-- A key has one name: the one that is given, else the one that it has, else its id ($6). What it said as a stranger is
-- no news any more; who is one still says it again.
WITH called AS (
  SELECT coalesce(nullif($2, ''), (SELECT max(name) FROM greylag.keys WHERE key = $1), $6) AS name
), renamed AS (
  UPDATE greylag.keys k SET name = called.name FROM called WHERE k.key = $1 AND k.name <> called.name
), heard AS (
  DELETE FROM greylag.strangers n
   WHERE n.key = $6 OR EXISTS (SELECT 1 FROM unnest($4::text[], $5::text[]) AS x(s, t)
                                WHERE n.key = s || '/' || t OR (s = '' AND split_part(n.key, '/', 2) = t))
)
INSERT INTO greylag.keys (key, service, target, name, enrolled_by)
SELECT $1, s, t, called.name, $3 FROM called, unnest($4::text[], $5::text[]) AS x(s, t)
ON CONFLICT (key, service, target) DO NOTHING
