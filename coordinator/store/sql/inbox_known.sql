SELECT d.ix - 1
  FROM unnest($1::text[]) WITH ORDINALITY AS d(event, ix)
  JOIN greylag.inbox i ON i.event = d.event AND i.service = $2 AND i.target = $3
