UPDATE greylag.lease
   SET epoch = greatest(epoch, $5::bigint) + 1, term = $1, holder = $2, yields = false,
       expires_at = clock_timestamp() + $3::bigint * interval '1 ms', lasts_ms = $3::bigint,
       sessions = ARRAY(SELECT pid || ' ' || extract(epoch FROM backend_start) || ' '
                               || extract(epoch FROM pg_postmaster_start_time())
                          FROM pg_stat_activity WHERE pid = pg_backend_pid()),
       restored = restored OR $5::bigint > 0 OR (server <> '' AND (server <> greylag.server() OR written::xid <> xmin)),
       server = greylag.server(), written = pg_current_xact_id()
 WHERE epoch = $4::bigint
RETURNING epoch, restored, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
