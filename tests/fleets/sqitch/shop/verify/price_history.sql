-- Verify shop:price_history on pg

BEGIN;

select isbn from shop.prices where false;

ROLLBACK;
