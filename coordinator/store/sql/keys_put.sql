INSERT INTO greylag.keys (key, service, target, name, enrolled_by)
SELECT $1, s, t, $2, $3 FROM unnest($4::text[], $5::text[]) AS x(s, t)
ON CONFLICT (key, service, target) DO UPDATE SET name = excluded.name
