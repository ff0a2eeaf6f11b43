-- Revert identity:security/sellers from pg

BEGIN;

drop view identity.sellers;

COMMIT;
