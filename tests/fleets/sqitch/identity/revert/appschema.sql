-- Revert identity:appschema from pg

BEGIN;

drop schema identity;

COMMIT;
