SELECT *, NOT EXISTS (SELECT FROM @schema@.applied WHERE target_id = $1::int)
  FROM @schema@.fence_raise($1::int, $2::bigint, $3::text, $4::bigint, $5::text, $6::bigint, $7::bigint,
                            $8::text, $9::int, $10::boolean)
