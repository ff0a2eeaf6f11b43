INSERT INTO greylag.identity (fleet, environment) VALUES ($1, $2) ON CONFLICT DO NOTHING
