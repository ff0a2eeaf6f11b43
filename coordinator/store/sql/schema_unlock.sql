SELECT pg_advisory_unlock(hashtextextended('greylag control schema', 0))
