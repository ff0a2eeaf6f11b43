SELECT topic, partition, next, digest FROM greylag.offsets ORDER BY topic, partition
