SELECT id, topic, key, event, type, convert_from(payload, 'UTF8'), epoch FROM greylag.outbox ORDER BY id
