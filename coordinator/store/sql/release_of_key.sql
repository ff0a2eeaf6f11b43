SELECT r.id, r.idempotency_body, r.plan_digest,
       (SELECT count(*) FROM greylag.plan_steps p WHERE p.release = r.id), r.irreversible
  FROM greylag.releases r WHERE r.idempotency_key = $1
