SELECT r.state,
       NOT EXISTS (SELECT 1 FROM greylag.releases n WHERE n.accepted_at > r.accepted_at) AS latest
  FROM greylag.releases r WHERE r.id = $1
