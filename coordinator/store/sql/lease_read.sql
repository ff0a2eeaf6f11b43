SELECT l.epoch, l.holder,
       l.expires_at <= clock_timestamp()
       OR l.holder = $1
       OR l.yields AND $2::boolean
       OR NOT EXISTS (SELECT 1 FROM pg_stat_activity a
                       WHERE a.pid || ' ' || extract(epoch FROM a.backend_start)
                             || ' ' || extract(epoch FROM pg_postmaster_start_time()) = ANY (l.sessions)) AS lapsed,
       l.sessions, l.written, l.lasts_ms
  FROM greylag.lease l
