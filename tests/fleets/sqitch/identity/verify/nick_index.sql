-- Verify identity:nick_index on pg

BEGIN;

select 1 / count(*) from pg_index where indexrelid = 'identity.idx_users_since'::regclass and indisvalid;

ROLLBACK;
