SELECT @schema@.mark_before($1::int, $2::bigint, $3::text, $4::bigint, $5::int, $6::text, $7::int, $8::text, $9::text)
