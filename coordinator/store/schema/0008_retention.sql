-- Nothing grows for ever. A release whose time is over keeps its row; its plan, what became of its steps, its decisions
-- and its orders go. Texts are kept for as long as a release of that time named them.
ALTER TABLE greylag.releases ADD COLUMN pruned_at timestamptz;
ALTER TABLE greylag.blobs ADD COLUMN used_at timestamptz NOT NULL DEFAULT now();

-- Releases that have ended and are not the newest. `needed`: something of it is in effect, or somebody gave it a name.
CREATE VIEW greylag.past_releases AS
SELECT r.id, r.accepted_at, r.ended_at, r.pruned_at,
       r.id IN (SELECT release FROM greylag.tags)
       OR r.id IN (SELECT release FROM greylag.applied)
       OR r.id IN (SELECT release FROM greylag.applied_texts) AS needed
  FROM greylag.releases r
 WHERE r.state NOT IN ('running', 'fencing', 'rolling back') AND r.ended_at IS NOT NULL
   AND r.accepted_at < (SELECT max(accepted_at) FROM greylag.releases);
