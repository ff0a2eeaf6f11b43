SELECT json_build_object('tags', coalesce(json_agg(json_build_object(
         'name', t.name, 'release', t.release, 'state', r.state, 'direction', r.direction, 'madeBy', t.made_by,
         'madeAtUs', (extract(epoch FROM t.made_at) * 1000000)::bigint,
         'acceptedAtUs', (extract(epoch FROM r.accepted_at) * 1000000)::bigint)
         ORDER BY r.accepted_at DESC, t.name), '[]'))
  FROM greylag.tags t JOIN greylag.releases r ON r.id = t.release
