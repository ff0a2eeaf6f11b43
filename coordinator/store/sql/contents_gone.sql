-- What was in effect at the end of release $1 and is no more: going down does not bring it back.
WITH until AS (
  SELECT DISTINCT ON (service, target, migration) service, target, migration, held
    FROM greylag.effects
   WHERE kind <> 'callback' AND accepted <= (SELECT accepted_at FROM greylag.releases WHERE id = $1)
   ORDER BY service, target, migration, accepted DESC, position DESC
)
SELECT service, target, migration FROM until u
 WHERE held <> '' AND (cardinality($2::text[]) = 0 OR service = ANY ($2::text[]))
   AND NOT EXISTS (SELECT 1 FROM greylag.applied a
                    WHERE a.service = u.service AND a.target = u.target AND a.migration = u.migration)
 ORDER BY service, target, migration
