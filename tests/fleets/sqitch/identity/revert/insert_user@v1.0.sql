-- Revert identity:insert_user from pg

BEGIN;

drop function identity.insert_user(text, text);

COMMIT;
