INSERT INTO greylag.orders (release, kind, by) VALUES ($1, $2, $3) RETURNING id
