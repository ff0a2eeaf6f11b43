SELECT id FROM greylag.releases WHERE state IN ('running', 'fencing', 'rolling back')
