SELECT @schema@.say($1::int, $2::bigint, $3::text)
