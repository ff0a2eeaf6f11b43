DELETE FROM greylag.workers WHERE last_seen < clock_timestamp() - interval '1 day'
