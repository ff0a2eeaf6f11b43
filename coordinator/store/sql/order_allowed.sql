SELECT r.state,
       NOT EXISTS (SELECT 1 FROM greylag.releases n WHERE n.accepted_at > r.accepted_at) AS latest,
       EXISTS (SELECT 1 FROM greylag.orders o
                WHERE o.release = r.id AND o.kind = $2 AND o.handled_at IS NULL) AS asked
  FROM greylag.releases r WHERE r.id = $1
