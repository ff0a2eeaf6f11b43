UPDATE greylag.lease SET expires_at = '-infinity', sessions = '{}', written = pg_current_xact_id()
 WHERE epoch = $1::bigint AND term = $2
