SELECT json_build_object('targets', coalesce(json_agg(json_build_object(
         'service', t.service, 'target', t.target,
         'askedAtUs', nullif(t.foreign_asked_us, 0), 'answeredAtUs', nullif(t.foreign_answered_us, 0),
         'storedAtUs', (extract(epoch FROM t.foreign_stored_at) * 1000000)::bigint,
         'histories', (
           SELECT coalesce(json_agg(json_build_object(
                    'tool', f.tool, 'table', f.history_table, 'rows', json_array_length(f.content),
                    'failed', (SELECT count(*) FROM json_array_elements(f.content) r WHERE r ->> 'state' = 'failed'))
                    ORDER BY f.place), '[]')
             FROM greylag.foreign_history f WHERE f.service = t.service AND f.target = t.target))
         ORDER BY t.service, t.target), '[]'))
  FROM greylag.targets t
