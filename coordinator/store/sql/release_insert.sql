-- Which release came after which is asked of these times: behind all that there are, also where the clock went back, or
-- a standby with another clock has taken over. One accepts at a time.
INSERT INTO greylag.releases (id, state, direction, fleet, options, plan_digest, irreversible, accept_irreversible,
                              requested_by, note, idempotency_key, idempotency_body, accepted_at)
SELECT $1, $2, $3, $4, $5::json, $6, $7::bigint, $8::boolean, $9, $10, $11, $12,
       greatest(clock_timestamp(), max(accepted_at) + interval '1 us')
  FROM greylag.releases
