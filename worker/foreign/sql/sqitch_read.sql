-- Sqitch: lib/App/Sqitch/Role/DBIEngine.pm, deployed_changes. `project:change` when the registry has several projects.
-- A change that was reworked later is `change@tag`, with the first tag after it, as its script's name is.
SELECT CASE WHEN (SELECT count(*) FROM @registry@.projects) > 1 THEN c.project || ':' ELSE '' END ||
       c.change || coalesce(earlier.tag, '') AS version,
       c.change AS name, c.project AS script, c.change_id AS checksum, 'applied' AS state,
       row_number() OVER (ORDER BY c.committed_at, c.planned_at) AS place
  FROM @table@ c
  LEFT JOIN LATERAL (SELECT t.tag
                       FROM @registry@.tags t
                       JOIN @table@ tagged ON tagged.change_id = t.change_id
                      WHERE t.project = c.project AND tagged.committed_at >= c.committed_at
                        AND EXISTS (SELECT
                                      FROM @table@ again
                                     WHERE again.project = c.project AND again.change = c.change
                                       AND again.committed_at > tagged.committed_at)
                      ORDER BY tagged.committed_at, t.committed_at
                      LIMIT 1) earlier ON true
