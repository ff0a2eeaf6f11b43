UPDATE greylag.releases SET begun = true, change = nextval('greylag.change') WHERE id = $1
