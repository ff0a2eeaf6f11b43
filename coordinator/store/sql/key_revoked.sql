SELECT 1 FROM greylag.keys WHERE key = $1 AND revoked_at IS NOT NULL
