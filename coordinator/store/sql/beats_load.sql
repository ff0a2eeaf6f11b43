SELECT worker, beat FROM greylag.workers ORDER BY last_seen
