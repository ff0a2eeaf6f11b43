SELECT b.body
  FROM unnest($1::text[]) WITH ORDINALITY AS d(digest, ix)
  LEFT JOIN greylag.blobs b ON b.digest = d.digest
 ORDER BY d.ix
