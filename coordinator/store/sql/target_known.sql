INSERT INTO greylag.targets (service, target, known, known_in)
VALUES ($1, $2, true, (SELECT epoch FROM greylag.lease))
ON CONFLICT (service, target) DO UPDATE SET known = true, known_in = excluded.known_in
