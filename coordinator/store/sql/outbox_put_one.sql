INSERT INTO greylag.outbox (epoch, topic, key, event, type, payload)
VALUES ($1::bigint, $2, $3, $4, $5, convert_to($6, 'UTF8'))
RETURNING id
