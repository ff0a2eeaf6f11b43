INSERT INTO greylag.blobs (digest, body) VALUES ($1, $2) ON CONFLICT DO NOTHING
