-- Verify shop:totals on pg

BEGIN;

select number, total, titles from shop.totals where false;

ROLLBACK;
