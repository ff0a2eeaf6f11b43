SELECT service, target, sequence, recorded, known, contents FROM greylag.targets ORDER BY service, target
