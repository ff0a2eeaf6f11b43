UPDATE greylag.releases
   SET left_at = greatest(clock_timestamp(), ended_at), left_by = $2, change = nextval('greylag.change')
 WHERE id = $1 AND state = 'halted' RETURNING id
