SELECT json_build_object('releases', coalesce(json_agg(json_build_object(
         'id', r.id, 'state', r.state, 'direction', r.direction, 'plan', r.plan_digest,
         'requestedBy', r.requested_by, 'reason', r.reason, 'note', r.note,
         'acceptedAtUs', (extract(epoch FROM r.accepted_at) * 1000000)::bigint,
         'endedAtUs', (extract(epoch FROM r.ended_at) * 1000000)::bigint,
         'steps', s.steps, 'done', s.done, 'failed', s.failed) ORDER BY r.accepted_at DESC, r.id DESC), '[]'))
  FROM (SELECT * FROM greylag.releases ORDER BY accepted_at DESC, id DESC LIMIT $1::bigint) r
  CROSS JOIN LATERAL (
       SELECT count(*) FILTER (WHERE leg = 0) AS steps,
              count(*) FILTER (WHERE leg = 0 AND state IN ('applied', 'already')) AS done,
              count(*) FILTER (WHERE state = 'failed') AS failed
         FROM greylag.steps WHERE release = r.id) s
