WITH told AS (
  INSERT INTO greylag.troubles (holder, place, text, hint, since)
  SELECT $1, ix, t, h, to_timestamp(s / 1000000.0)
    FROM unnest($2::text[], $3::text[], $4::bigint[]) WITH ORDINALITY AS x(t, h, s, ix)
  ON CONFLICT (holder, place) DO UPDATE
     SET text = excluded.text, hint = excluded.hint, since = excluded.since, told_at = excluded.told_at
), gone AS (
  DELETE FROM greylag.troubles
   WHERE holder = $1 AND place > cardinality($2::text[])
      OR holder <> $1 AND NOT greylag.heard_within(told_at, 3600000)
)
-- who follows a release hears of it
UPDATE greylag.releases SET change = nextval('greylag.change')
 WHERE $5::boolean AND state IN ('running', 'fencing', 'rolling back')
