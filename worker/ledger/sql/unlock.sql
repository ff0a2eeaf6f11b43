SELECT @schema@.unlock($1::int, $2::bigint)
