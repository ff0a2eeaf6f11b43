-- What a migration did last before each release to whose end one can go back stays; the rest has been superseded.
WITH told AS (
  SELECT i.event, i.service, i.target, i.migration, i.kind, i.position, i.received_at, p.ended_at,
         coalesce(r.accepted_at, '-infinity') AS accepted, r.id IS NULL AS nowhere
    FROM greylag.inbox i
    LEFT JOIN greylag.releases r ON r.id = i.release
    LEFT JOIN greylag.past_releases p ON p.id = i.release
), ordered AS (
  SELECT event, service, target, kind, accepted,
         coalesce(ended_at, CASE WHEN nowhere THEN received_at END) < now() - $1::bigint * interval '1 ms' AS over,
         lead(accepted) OVER (PARTITION BY service, target, migration, kind = 'applied'
                              ORDER BY accepted, position) AS superseded
    FROM told
), gone AS (
  SELECT o.event, o.service, o.target FROM ordered o
   WHERE o.over
     AND (o.kind <> 'applied'
          OR (o.superseded IS NOT NULL
              AND NOT EXISTS (SELECT 1 FROM greylag.releases k
                               WHERE k.pruned_at IS NULL AND k.accepted_at >= o.accepted
                                 AND k.accepted_at < o.superseded)))
   LIMIT $2::bigint
), deleted AS (
  DELETE FROM greylag.inbox i USING gone g
   WHERE i.event = g.event AND i.service = g.service AND i.target = g.target RETURNING 1
)
SELECT count(*) FROM deleted
