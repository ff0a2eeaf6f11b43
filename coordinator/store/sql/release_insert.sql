INSERT INTO greylag.releases (id, state, direction, fleet, options, plan_digest, irreversible, accept_irreversible,
                              requested_by, note, idempotency_key, idempotency_body)
VALUES ($1, $2, $3, $4, $5::json, $6, $7::bigint, $8::boolean, $9, $10, $11, $12)
