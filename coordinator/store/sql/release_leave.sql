UPDATE greylag.releases r
   SET left_at = greatest(clock_timestamp(), ended_at), left_by = $2, change = nextval('greylag.change')
 WHERE id = $1 AND (state = 'halted' OR greylag.is_left(r)
                    OR EXISTS (SELECT 1 FROM greylag.leftovers l WHERE l.release = r.id))
RETURNING id
