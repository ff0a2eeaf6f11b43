SELECT id, topic, key, event, type, octet_length(payload), epoch FROM greylag.outbox ORDER BY id
