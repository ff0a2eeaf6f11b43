SELECT i.fleet
  FROM greylag.identity i
 WHERE set_config('idle_in_transaction_session_timeout', $1, true) IS NOT NULL
   FOR NO KEY UPDATE
