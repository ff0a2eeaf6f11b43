UPDATE @table@ c
   SET script_hash = $9::jsonb ->> 'script_hash'
 WHERE c.change_id = $4::text
