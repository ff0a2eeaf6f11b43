-- Revert shop:totals from pg

BEGIN;

drop view shop.totals;

COMMIT;
