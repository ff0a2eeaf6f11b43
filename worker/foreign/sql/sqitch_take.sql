-- Sqitch: lib/App/Sqitch/Engine/pg.pm, log_revert_change
WITH leaving AS (
    SELECT c.change_id FROM @table@ c WHERE $4::text <> '' AND c.change_id = $4::text
     UNION ALL
    SELECT r.checksum FROM (@read@) r
     WHERE $4::text = '' AND $1::text IN (r.version, r.script || ':' || r.version)
), untagged AS (
    DELETE FROM @registry@.tags t WHERE t.change_id IN (SELECT l.change_id FROM leaving l) RETURNING t.change_id, t.tag
), freed AS (
    DELETE FROM @registry@.dependencies d
     WHERE d.change_id IN (SELECT l.change_id FROM leaving l)
    RETURNING d.change_id, d.type, d.dependency
), gone AS (
    DELETE FROM @table@ c WHERE c.change_id IN (SELECT l.change_id FROM leaving l) RETURNING c.*
)
INSERT INTO @registry@.events (event, change_id, change, project, note, requires, conflicts, tags, committer_name,
                               committer_email, planned_at, planner_name, planner_email)
SELECT 'revert', g.change_id, g.change, g.project, g.note,
       ARRAY(SELECT f.dependency FROM freed f WHERE f.change_id = g.change_id AND f.type = 'require'),
       ARRAY(SELECT f.dependency FROM freed f WHERE f.change_id = g.change_id AND f.type = 'conflict'),
       ARRAY(SELECT u.tag FROM untagged u WHERE u.change_id = g.change_id),
       current_user, current_user || '@greylag', g.planned_at, g.planner_name, g.planner_email
  FROM gone g
