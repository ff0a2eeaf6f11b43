-- How many transactions this session has begun, this one too: each takes the next number.
SELECT pg_catalog.split_part(virtualtransaction, '/', 2)
  FROM pg_catalog.pg_locks
 WHERE locktype OPERATOR(pg_catalog.=) 'virtualxid' AND pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()
