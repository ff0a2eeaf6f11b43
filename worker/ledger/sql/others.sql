SELECT r_record, r_migration, r_checksum, CASE WHEN r_ran IS NULL THEN '' ELSE 'replaced' END
  FROM @schema@.others($1::int) ORDER BY r_target, r_position LIMIT 100000
