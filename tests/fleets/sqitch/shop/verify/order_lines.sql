-- Verify shop:order_lines on pg

BEGIN;

select number, isbn, copies from shop.order_lines where false;

ROLLBACK;
