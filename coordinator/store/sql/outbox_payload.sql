SELECT convert_from(payload, 'UTF8') FROM greylag.outbox WHERE id = $1::bigint
