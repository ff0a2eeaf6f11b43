-- Verify shop:orders on pg

BEGIN;

select number, buyer, placed from shop.orders where false;

ROLLBACK;
