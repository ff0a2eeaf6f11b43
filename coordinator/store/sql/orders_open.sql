SELECT o.id, o.release, o.kind, o.by,
       NOT EXISTS (SELECT 1 FROM greylag.releases r JOIN greylag.releases n ON n.accepted_at > r.accepted_at
                    WHERE r.id = o.release) AS latest
  FROM greylag.orders o WHERE o.handled_at IS NULL ORDER BY o.id
