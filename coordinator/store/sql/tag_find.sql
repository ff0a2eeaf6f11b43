SELECT release FROM greylag.tags WHERE name = $1
