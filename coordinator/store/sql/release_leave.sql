UPDATE greylag.releases SET left_at = clock_timestamp(), left_by = $2, change = nextval('greylag.change')
 WHERE id = $1 AND state = 'halted' RETURNING id
