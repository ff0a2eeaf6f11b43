INSERT INTO greylag.targets AS t (service, target, foreign_asked_us)
SELECT DISTINCT n.service, n.target, $3::bigint FROM unnest($1::text[], $2::text[]) AS n(service, target)
ON CONFLICT (service, target) DO UPDATE SET foreign_asked_us = greatest(t.foreign_asked_us, excluded.foreign_asked_us)
