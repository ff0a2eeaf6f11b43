SELECT id, release, kind, by FROM greylag.orders WHERE handled_at IS NULL ORDER BY id
