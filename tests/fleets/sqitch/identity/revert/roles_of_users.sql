-- Revert identity:roles_of_users from pg

BEGIN;

drop table identity.roles;
drop type identity.role;

COMMIT;
