SELECT service, target, sequence, recorded FROM greylag.targets WHERE NOT greylag.is_known(known, known_in)
 ORDER BY service, target
