SELECT fleet, environment FROM greylag.identity
