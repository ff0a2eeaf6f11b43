-- Revert shop:order_lines from pg

BEGIN;

drop table shop.order_lines;

COMMIT;
