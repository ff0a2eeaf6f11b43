UPDATE greylag.releases
   SET begun = true, state = $2, reason = $3, decided_by = $4, aim = $6, stopping = $7::boolean,
       change = nextval('greylag.change'),
       ended_at = CASE WHEN $5::boolean
                       THEN coalesce(ended_at, greatest(clock_timestamp(), accepted_at, left_at + interval '1 us')) END
 WHERE id = $1
