SELECT d.ix - 1
  FROM unnest($1::text[]) WITH ORDINALITY AS d(digest, ix)
 WHERE NOT EXISTS (SELECT 1 FROM greylag.blobs b WHERE b.digest = d.digest)
 ORDER BY d.ix
