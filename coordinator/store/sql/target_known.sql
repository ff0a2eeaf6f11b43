INSERT INTO greylag.targets (service, target, known) VALUES ($1, $2, true)
ON CONFLICT (service, target) DO UPDATE SET known = true
