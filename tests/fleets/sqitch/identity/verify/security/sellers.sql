-- Verify identity:security/sellers on pg

BEGIN;

select nick from identity.sellers where false;

ROLLBACK;
