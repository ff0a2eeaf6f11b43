-- Verify identity:roles_of_users on pg

BEGIN;

select nick, role from identity.roles where false;

ROLLBACK;
