SELECT change, state FROM greylag.releases
 WHERE id = CASE WHEN $1 IN ('', 'latest')
                 THEN (SELECT id FROM greylag.releases ORDER BY accepted_at DESC, id DESC LIMIT 1) ELSE $1 END
