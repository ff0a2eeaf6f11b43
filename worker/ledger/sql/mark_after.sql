SELECT @schema@.mark_after($1::int, $2::bigint, $3::text, $4::bigint, $5::text, $6::int)
