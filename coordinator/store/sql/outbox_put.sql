INSERT INTO greylag.outbox (epoch, topic, key, event, type, payload)
SELECT $1::bigint, t, k, e, y, convert_to(p, 'UTF8')
  FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) WITH ORDINALITY AS x(t, k, e, y, p, ix)
 ORDER BY ix
RETURNING id
