-- Verify identity:first_users on pg

BEGIN;

select 1 / (count(*) = 2)::integer from identity.users where password like 'sha256:%';

ROLLBACK;
