-- Verify identity:insert_user on pg

BEGIN;

select has_function_privilege('identity.insert_user(text, text)', 'execute');

ROLLBACK;
