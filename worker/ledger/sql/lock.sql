SELECT * FROM @schema@.try_lock($1::int, $2::bigint, $3::text, $4::bigint)
