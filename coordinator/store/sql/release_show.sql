SELECT json_build_object(
         'id', r.id, 'state', r.state, 'direction', r.direction, 'plan', r.plan_digest,
         'requestedBy', r.requested_by, 'reason', r.reason, 'note', r.note, 'decidedBy', r.decided_by, 'aim', r.aim,
         'leftBy', CASE WHEN greylag.is_left(r) THEN r.left_by END,
         'leftAtUs', CASE WHEN greylag.is_left(r) THEN (extract(epoch FROM r.left_at) * 1000000)::bigint END,
         'irreversible', r.irreversible, 'acceptIrreversible', r.accept_irreversible, 'options', r.options,
         'acceptedAtUs', (extract(epoch FROM r.accepted_at) * 1000000)::bigint,
         'endedAtUs', (extract(epoch FROM r.ended_at) * 1000000)::bigint,
         'change', r.change,
         'rewound', EXISTS (SELECT FROM greylag.release_targets t WHERE t.release = r.id AND t.rebuild),
         'latest', NOT EXISTS (SELECT 1 FROM greylag.releases n WHERE n.accepted_at > r.accepted_at),
         'steps', (
           SELECT coalesce(json_agg(json_build_object(
                    'ordinal', s.ordinal, 'leg', s.leg, 'service', p.service, 'target', t.target,
                    'migration', p.migration, 'name', p.name,
                    'kind', p.kind, 'category', p.category,
                    'file', CASE WHEN s.direction = 'down' AND p.earlier = '' THEN p.down_file ELSE p.file END,
                    'direction', s.direction, 'state', s.state,
                    'attempt', s.attempt, 'wayBack', p.way_back, 'undoes', s.undoes,
                    'needs', CASE WHEN s.leg = 0 THEN p.needs ELSE '{}' END,
                    'request', s.request, 'outcome', s.outcome)
                    ORDER BY s.ordinal), '[]')
             FROM greylag.steps s
             JOIN greylag.plan_steps p ON p.release = s.release AND p.ordinal = s.plan_step
             JOIN greylag.release_targets t ON t.release = s.release AND t.ix = s.target_ix
            WHERE s.release = r.id),
         'targets', (
           SELECT coalesce(json_agg(json_build_object(
                    'service', t.service, 'target', t.target, 'state', t.state, 'sequence', t.sequence,
                    'recorded', t.recorded, 'problem', t.problem,
                    'working', coalesce(g.working = t.sequence AND t.sequence > 0, false),
                    'lastSeenUs', (extract(epoch FROM g.last_seen) * 1000000)::bigint) ORDER BY t.ix), '[]')
             FROM greylag.release_targets t
             LEFT JOIN greylag.targets g ON g.service = t.service AND g.target = t.target
            WHERE t.release = r.id),
         'decisions', (
           SELECT coalesce(json_agg(json_build_object(
                    'atUs', (extract(epoch FROM d.at) * 1000000)::bigint, 'position', d.position, 'row', d.row,
                    'why', d.why, 'step', d.step, 'target', d.target, 'before', d.before, 'after', d.after,
                    'detail', d.detail) ORDER BY d.id), '[]')
             FROM greylag.decisions d WHERE d.release = r.id),
         'leftovers', (
           SELECT coalesce(json_agg(json_build_object(
                    'service', l.service, 'target', l.target, 'migration', l.migration, 'what', l.what)
                    ORDER BY l.service COLLATE "C", l.target COLLATE "C", l.migration COLLATE "C"), '[]')
             FROM greylag.leftovers l WHERE l.release = r.id),
         'orders', (
           SELECT coalesce(json_agg(json_build_object(
                    'id', o.id, 'kind', o.kind, 'by', o.by, 'atUs', (extract(epoch FROM o.at) * 1000000)::bigint,
                    'handledAtUs', (extract(epoch FROM o.handled_at) * 1000000)::bigint, 'result', o.result)
                    ORDER BY o.id), '[]')
             FROM greylag.orders o WHERE o.release = r.id))
  FROM greylag.releases r
 WHERE r.id = CASE WHEN $1 IN ('', 'latest')
                   THEN (SELECT id FROM greylag.releases ORDER BY accepted_at DESC, id DESC LIMIT 1) ELSE $1 END
