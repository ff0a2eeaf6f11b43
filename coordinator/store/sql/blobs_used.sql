UPDATE greylag.blobs SET used_at = now() WHERE digest = ANY ($1::text[]) AND used_at < now() - interval '1 hour'
