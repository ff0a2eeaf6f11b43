-- What each outcome that took effect left of its migration: the checksum of the text that is in effect since, '' for
-- nothing. A text that a way back brought has the checksum of that outcome. What a release did that is not on record
-- came first.
CREATE VIEW greylag.effects AS
SELECT i.service, i.target, i.migration, i.direction, i.position, coalesce(p.kind, '') AS kind,
       coalesce(r.accepted_at, '-infinity') AS accepted,
       CASE WHEN i.direction IN ('up', 'adopt') OR coalesce(p.earlier, '') <> '' THEN i.checksum ELSE '' END AS held
  FROM greylag.inbox i
  LEFT JOIN greylag.releases r ON r.id = i.release
  LEFT JOIN greylag.steps s ON s.release = i.release AND s.request = i.request
  LEFT JOIN greylag.plan_steps p ON p.release = s.release AND p.ordinal = s.plan_step
 WHERE i.kind = 'applied';
