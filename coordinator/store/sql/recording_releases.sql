SELECT d.ix - 1 FROM unnest($1::text[]) WITH ORDINALITY AS d(id, ix)
  JOIN greylag.releases r ON r.id = d.id AND r.direction = 'adopt'
