SELECT service, target, sequence, recorded FROM greylag.targets ORDER BY service, target
