SELECT position, (SELECT through FROM @schema@.acknowledged WHERE target_id = $1::int)
  FROM @schema@.history
 WHERE target_id = $1::int
   AND position > coalesce((SELECT through FROM @schema@.acknowledged WHERE target_id = $1::int), 0)
 ORDER BY position
