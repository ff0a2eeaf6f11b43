SELECT direction, pruned_at IS NOT NULL AS pruned FROM greylag.releases WHERE id = $1
