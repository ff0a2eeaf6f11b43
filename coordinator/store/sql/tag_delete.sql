DELETE FROM greylag.tags WHERE name = $1 RETURNING release
