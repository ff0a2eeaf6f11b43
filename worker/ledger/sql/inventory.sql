SELECT migration, checksum, request, release FROM @schema@.applied WHERE target_id = $1::int ORDER BY position
