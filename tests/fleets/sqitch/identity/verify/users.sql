-- Verify identity:users on pg

BEGIN;

select nick, password, since from identity.users where false;

ROLLBACK;
