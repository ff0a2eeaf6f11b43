SELECT count(*), count(pg_terminate_backend(pid))
  FROM pg_stat_activity
 WHERE pid || ' ' || extract(epoch FROM backend_start) || ' ' || extract(epoch FROM pg_postmaster_start_time())
       = ANY ($1::text[])
   AND pid <> pg_backend_pid()
