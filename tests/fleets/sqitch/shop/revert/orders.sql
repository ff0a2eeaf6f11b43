-- Revert shop:orders from pg

BEGIN;

drop table shop.orders;

COMMIT;
