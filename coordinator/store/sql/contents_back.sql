-- What is applied, and beside it the checksum of what was in effect there at the end of release $1, '' nothing: the
-- last outcome until then says it; without one, the first outcome after it; without any, when the release was accepted
-- that applied it, or else its id. What a later release only recorded was in effect before it.
WITH back AS (SELECT accepted_at FROM greylag.releases WHERE id = $1),
until AS (
  SELECT DISTINCT ON (service, target, migration) service, target, migration, held
    FROM greylag.effects WHERE accepted <= (SELECT accepted_at FROM back)
   ORDER BY service, target, migration, accepted DESC, position DESC
), since AS (
  SELECT DISTINCT ON (service, target, migration) service, target, migration, direction
    FROM greylag.effects WHERE accepted > (SELECT accepted_at FROM back)
   ORDER BY service, target, migration, accepted, position
), judged AS (
  SELECT a.*, coalesce(r.direction = 'adopt', false) AS recorded,
         coalesce(u.held, CASE WHEN n.direction IN ('up', 'adopt') THEN ''
                               WHEN n.direction IS NOT NULL
                                    OR coalesce(r.accepted_at <= (SELECT accepted_at FROM back),
                                                a.release COLLATE "C" <= $1) THEN a.checksum
                               ELSE '' END) AS held
    FROM greylag.applied a
    LEFT JOIN greylag.releases r ON r.id = a.release
    LEFT JOIN until u ON u.service = a.service AND u.target = a.target AND u.migration = a.migration
    LEFT JOIN since n ON n.service = a.service AND n.target = a.target AND n.migration = a.migration
)
SELECT service, target, migration, checksum, request, release,
       EXISTS (SELECT 1 FROM greylag.targets t WHERE t.service = judged.service AND t.target = judged.target
                                                 AND t.forgotten_at IS NOT NULL) AS forgotten,
       CASE WHEN held = '' AND recorded THEN checksum ELSE held END AS held, held = '' AND recorded AS left_out
  FROM judged ORDER BY service, target, place
