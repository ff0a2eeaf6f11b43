-- Verify shop:reviews on pg

BEGIN;

select stars from shop.reviews where false;

ROLLBACK;
