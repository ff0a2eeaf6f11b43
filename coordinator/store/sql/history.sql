SELECT json_build_object('history', coalesce(json_agg(json_build_object(
         'id', h.event, 'release', h.release, 'service', h.service, 'target', h.target, 'migration', h.migration,
         'direction', h.direction, 'kind', h.kind, 'position', h.position, 'attempt', h.attempt,
         'startedAtUs', h.started_us, 'finishedAtUs', h.finished_us, 'sqlstate', h.sqlstate, 'message', h.message,
         'line', h.line, 'left', h.left_behind, 'detail', h.detail, 'verdict', h.verdict, 'worker', h.worker)
         ORDER BY h.finished_us DESC, h.position DESC), '[]'))
  FROM (SELECT * FROM greylag.inbox
         WHERE ($1 = '' OR service = $1) AND ($2 = '' OR target = $2)
         ORDER BY finished_us DESC, position DESC LIMIT $3::bigint) h
