UPDATE greylag.lease
   SET yields = $4::boolean, expires_at = clock_timestamp() + $3::bigint * interval '1 ms',
       lasts_ms = $3::bigint, written = pg_current_xact_id()
 WHERE epoch = $1::bigint AND term = $2 AND expires_at > clock_timestamp()
   AND written::xid = xmin AND server = greylag.server()
   AND (SELECT set_config('synchronous_commit', 'off', true)) = 'off'
RETURNING (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
