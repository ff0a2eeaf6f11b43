-- Revert shop:price_history from pg

BEGIN;

drop table shop.prices;

COMMIT;
