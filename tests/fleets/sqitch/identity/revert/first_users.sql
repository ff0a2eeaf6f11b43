-- Revert identity:first_users from pg

BEGIN;

delete from identity.users where nick in ('ada', 'bob');

COMMIT;
