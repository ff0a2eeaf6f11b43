UPDATE greylag.targets
   SET foreign_answered_us = greatest(foreign_answered_us, $3::bigint), foreign_stored_at = clock_timestamp()
 WHERE service = $1 AND target = $2
