INSERT INTO greylag.tags AS t (name, release, made_by)
SELECT $1, r.id, $3 FROM greylag.releases r WHERE r.id = $2 AND r.pruned_at IS NULL
ON CONFLICT (name) DO UPDATE SET made_by = t.made_by WHERE t.release = excluded.release
RETURNING release
