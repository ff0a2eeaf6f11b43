-- What was in effect at the end of release $1 and is no more: going down does not bring it back.
WITH back AS (SELECT accepted_at FROM greylag.releases WHERE id = $1),
until AS (
  SELECT DISTINCT ON (i.service, i.target, i.migration) i.service, i.target, i.migration, i.direction, p.earlier
    FROM greylag.inbox i
    LEFT JOIN greylag.releases r ON r.id = i.release
    LEFT JOIN greylag.steps s ON s.release = i.release AND s.request = i.request
    LEFT JOIN greylag.plan_steps p ON p.release = s.release AND p.ordinal = s.plan_step
   WHERE i.kind = 'applied' AND coalesce(r.accepted_at, '-infinity') <= (SELECT accepted_at FROM back)
     AND coalesce(p.kind, '') <> 'callback'
   ORDER BY i.service, i.target, i.migration, coalesce(r.accepted_at, '-infinity') DESC, i.position DESC
)
SELECT service, target, migration FROM until u
 WHERE (direction IN ('up', 'adopt') OR coalesce(earlier, '') <> '')
   AND (cardinality($2::text[]) = 0 OR service = ANY ($2::text[]))
   AND NOT EXISTS (SELECT 1 FROM greylag.applied a
                    WHERE a.service = u.service AND a.target = u.target AND a.migration = u.migration)
 ORDER BY service, target, migration
