SELECT service, target, sequence, recorded, contents FROM greylag.targets ORDER BY service, target
