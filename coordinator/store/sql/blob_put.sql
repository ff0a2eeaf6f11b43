INSERT INTO greylag.blobs (digest, body) VALUES ($1, $2) ON CONFLICT (digest) DO UPDATE SET used_at = now()
