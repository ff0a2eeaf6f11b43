-- Verify identity:insert_user on pg

BEGIN;

select 1 / count(*) from pg_catalog.pg_proc where proname = 'insert_user' and prosrc like '%sha256%';

ROLLBACK;
