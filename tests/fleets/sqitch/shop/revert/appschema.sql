-- Revert shop:appschema from pg

BEGIN;

drop schema shop;

COMMIT;
