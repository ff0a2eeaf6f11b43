DELETE FROM greylag.outbox
 WHERE id = ANY ($1::bigint[])
   AND (SELECT set_config('synchronous_commit', 'off', true)) = 'off'
