SELECT pg_try_advisory_lock(hashtextextended('greylag control schema', 0))::int
