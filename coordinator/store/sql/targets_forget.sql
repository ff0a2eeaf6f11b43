UPDATE greylag.targets SET known = false WHERE known
