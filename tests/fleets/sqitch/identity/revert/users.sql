-- Revert identity:users from pg

BEGIN;

drop table identity.users;

COMMIT;
