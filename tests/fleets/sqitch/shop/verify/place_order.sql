-- Verify shop:place_order on pg

BEGIN;

select 1 / count(*) from shop.totals where titles = 2;

ROLLBACK;
