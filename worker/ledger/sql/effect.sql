SELECT request, checksum, release FROM @schema@.applied WHERE target_id = $1::int AND migration = $2::text
