-- Sqitch: lib/App/Sqitch/Role/DBIEngine.pm, log_deploy_change. $4 is the change's id, $9 what its plan says of it
-- (JSON: proto/fleet.h, foreign_record). Which change a dependency means, the registry tells as it tells Sqitch
-- (change_id_for): the first of that name, or the last before the tag. The order of changes is that of their times. An
-- event of that time may stand there from before the change was taken off by hand.
WITH given AS (
    SELECT $9::jsonb AS j
), project AS (
    INSERT INTO @registry@.projects (project, uri, creator_name, creator_email)
    SELECT j ->> 'project', j ->> 'uri', current_user, current_user || '@greylag' FROM given
    ON CONFLICT DO NOTHING
), added AS (
    INSERT INTO @table@ (change_id, script_hash, change, project, note, committed_at, committer_name, committer_email,
                         planned_at, planner_name, planner_email)
    SELECT $4::text, j ->> 'script_hash', j ->> 'change', j ->> 'project', coalesce(j ->> 'note', ''),
           $10::timestamptz, current_user, current_user || '@greylag', (j ->> 'planned_at')::timestamptz,
           j ->> 'planner_name', j ->> 'planner_email'
      FROM given
     WHERE NOT EXISTS (SELECT FROM @table@ c WHERE c.change_id = $4::text)
    RETURNING *
), dependency AS (
    INSERT INTO @registry@.dependencies (change_id, type, dependency, dependency_id)
    SELECT added.change_id, 'require', d.name,
           (SELECT c.change_id
              FROM @table@ c
             WHERE c.change_id = d.name
                OR (c.project = coalesce(part[1], added.project)
                    AND (c.change = part[2] OR part[2] = '')
                    AND (part[3] IS NULL OR EXISTS (SELECT
                                                      FROM @registry@.tags t
                                                      JOIN @table@ tagged ON tagged.change_id = t.change_id
                                                     WHERE t.project = c.project AND t.tag = part[3]
                                                       AND c.committed_at <= tagged.committed_at)))
             ORDER BY CASE WHEN part[3] IS NULL THEN c.committed_at END, c.committed_at DESC
             LIMIT 1)
      FROM added, given, jsonb_array_elements_text(coalesce(given.j -> 'requires', '[]')) AS d (name)
     CROSS JOIN LATERAL regexp_match(d.name, '^(?:([^:]+):)?([^@]*)(@.+)?$') AS part
     UNION ALL
    SELECT added.change_id, 'conflict', d.name, NULL
      FROM added, given, jsonb_array_elements_text(coalesce(given.j -> 'conflicts', '[]')) AS d (name)
), tagged AS (
    INSERT INTO @registry@.tags (tag_id, tag, project, change_id, note, committed_at, committer_name, committer_email,
                                 planned_at, planner_name, planner_email)
    SELECT t.j ->> 'id', t.j ->> 'tag', added.project, added.change_id, coalesce(t.j ->> 'note', ''),
           added.committed_at, added.committer_name, added.committer_email, (t.j ->> 'planned_at')::timestamptz,
           t.j ->> 'planner_name', t.j ->> 'planner_email'
      FROM added, given, jsonb_array_elements(coalesce(given.j -> 'tags', '[]')) AS t (j)
)
INSERT INTO @registry@.events (event, change_id, change, project, note, requires, conflicts, tags, committed_at,
                               committer_name, committer_email, planned_at, planner_name, planner_email)
SELECT 'deploy', added.change_id, added.change, added.project, added.note,
       ARRAY(SELECT jsonb_array_elements_text(coalesce(given.j -> 'requires', '[]'))),
       ARRAY(SELECT jsonb_array_elements_text(coalesce(given.j -> 'conflicts', '[]'))),
       ARRAY(SELECT e ->> 'tag' FROM jsonb_array_elements(coalesce(given.j -> 'tags', '[]')) e),
       added.committed_at, added.committer_name, added.committer_email, added.planned_at, added.planner_name,
       added.planner_email
  FROM added, given
    ON CONFLICT DO NOTHING
