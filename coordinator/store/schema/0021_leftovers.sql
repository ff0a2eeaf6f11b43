-- What a release that went back left on a target: of a step that its fence cut off, or of one that failed outside a
-- transaction.
ALTER TABLE greylag.release_targets ADD COLUMN left_behind text NOT NULL DEFAULT '';
CREATE INDEX release_targets_left ON greylag.release_targets (release) WHERE left_behind <> '';
CREATE INDEX steps_left ON greylag.steps (release) WHERE outcome->>'left' <> '';

-- Any release that has ended can be left as it stands.
CREATE OR REPLACE FUNCTION greylag.is_left(release greylag.releases) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(release.left_at >= release.ended_at, false)
$$;

-- Of that, what nobody has taken up: no later release that succeeded had the migration on that target (each one of the
-- release's, where it is not known which was cut off), and nobody has said that it may stay.
CREATE VIEW greylag.leftovers AS
WITH found AS (
    SELECT release, ix, NULL AS migration, left_behind AS what FROM greylag.release_targets WHERE left_behind <> ''
     UNION ALL
    SELECT s.release, s.target_ix, p.migration, s.outcome->>'left'
      FROM greylag.steps s
      JOIN greylag.plan_steps p ON p.release = s.release AND p.ordinal = s.plan_step
     WHERE s.outcome->>'left' <> '' AND s.state = 'failed'
)
SELECT r.id AS release, r.ended_at, t.service, t.target, f.migration, f.what
  FROM found f
  JOIN greylag.releases r ON r.id = f.release
  JOIN greylag.release_targets t ON t.release = f.release AND t.ix = f.ix
 WHERE r.state IN ('rolled back', 'cancelled') AND NOT greylag.is_left(r)
   AND EXISTS (SELECT 1 FROM greylag.plan_steps p
                WHERE p.release = f.release AND p.target_ix = f.ix AND p.migration = coalesce(f.migration, p.migration)
                  AND NOT EXISTS (SELECT 1 FROM greylag.releases later
                                    JOIN greylag.release_targets n ON n.release = later.id
                                    JOIN greylag.plan_steps again ON again.release = n.release AND again.target_ix = n.ix
                                   WHERE later.state = 'succeeded' AND later.accepted_at > r.accepted_at
                                     AND n.service = t.service AND n.target = t.target
                                     AND again.migration = p.migration));

CREATE OR REPLACE VIEW greylag.past_releases AS
SELECT r.id, r.accepted_at, r.ended_at, r.pruned_at,
       r.id IN (SELECT release FROM greylag.tags)
       OR r.id IN (SELECT release FROM greylag.applied)
       OR r.id IN (SELECT release FROM greylag.applied_texts)
       OR r.id IN (SELECT release FROM greylag.leftovers) AS needed
  FROM greylag.releases r
 WHERE r.state NOT IN ('running', 'fencing', 'rolling back') AND r.ended_at IS NOT NULL
   AND r.accepted_at < (SELECT max(accepted_at) FROM greylag.releases);
