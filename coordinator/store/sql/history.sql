SELECT json_build_object('history', coalesce(json_agg(json_build_object(
         'id', h.event, 'release', h.release, 'service', h.service, 'target', h.target, 'migration', h.migration,
         'direction', h.direction, 'kind', h.kind, 'position', h.position, 'attempt', h.attempt,
         'startedAtUs', h.started_us, 'finishedAtUs', h.finished_us, 'sqlstate', h.sqlstate, 'message', h.message,
         'line', h.line, 'left', h.left_behind, 'detail', h.detail, 'said', h.said,
         'verdict', h.verdict, 'worker', h.worker,
         'migrationKind', coalesce(p.kind, ''), 'category', coalesce(p.category, ''))
         ORDER BY h.finished_us DESC, h.position DESC), '[]'))
  FROM (SELECT i.* FROM greylag.inbox i
         WHERE ($1 = '' OR service = $1) AND ($2 = '' OR target = $2)
           AND ($4 = '' OR $4 = (
                 SELECT c.category FROM greylag.steps s
                   JOIN greylag.plan_steps c ON c.release = s.release AND c.ordinal = s.plan_step
                  WHERE s.release = i.release
                    AND s.ordinal = greylag.ordinal_of(i.request)))
         ORDER BY finished_us DESC, position DESC LIMIT $3::bigint) h
  LEFT JOIN greylag.steps s
    ON s.release = h.release AND s.ordinal = greylag.ordinal_of(h.request)
  LEFT JOIN greylag.plan_steps p ON p.release = s.release AND p.ordinal = s.plan_step
