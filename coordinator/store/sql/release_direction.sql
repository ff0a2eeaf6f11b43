SELECT direction FROM greylag.releases WHERE id = $1
