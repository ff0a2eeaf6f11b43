SELECT key, name, service, target FROM greylag.keys WHERE revoked_at IS NULL ORDER BY key, service, target
