-- Verify shop:totals on pg

BEGIN;

select number, total from shop.totals where false;

ROLLBACK;
