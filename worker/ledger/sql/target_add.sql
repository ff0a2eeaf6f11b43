INSERT INTO @schema@.target (fleet, environment, service, target) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
