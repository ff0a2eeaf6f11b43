-- Sqitch: lib/App/Sqitch/Role/DBIEngine.pm, deployed_changes. `project:change` when the registry has several projects.
-- A change that was reworked later is `change@tag`, with the first tag after it, as its script's name is: one look at
-- the changes in their order, and one at the tags.
WITH tag AS (
    SELECT t.project, t.tag, t.change_id, tagged.committed_at,
           row_number() OVER (PARTITION BY t.project ORDER BY tagged.committed_at, t.committed_at, t.tag) AS place
      FROM @registry@.tags t
      JOIN @table@ tagged ON tagged.change_id = t.change_id
), change AS (
    SELECT c.*, max(c.committed_at) OVER (PARTITION BY c.project, c.change) AS last,
           min(own.place) OVER (PARTITION BY c.project ORDER BY c.committed_at
                                RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS next_tag
      FROM @table@ c
      LEFT JOIN (SELECT tag.change_id, min(tag.place) AS place FROM tag GROUP BY tag.change_id) own
        ON own.change_id = c.change_id
)
SELECT CASE WHEN (SELECT count(*) FROM @registry@.projects) > 1 THEN change.project || ':' ELSE '' END ||
       change.change || coalesce(tag.tag, '') AS version,
       change.change AS name, change.project AS script, change.change_id AS checksum, 'applied' AS state,
       row_number() OVER (ORDER BY change.committed_at, change.planned_at) AS place
  FROM change
  LEFT JOIN tag ON tag.project = change.project AND tag.place = change.next_tag AND tag.committed_at < change.last
