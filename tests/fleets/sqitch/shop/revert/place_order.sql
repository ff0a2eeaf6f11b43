-- Revert shop:place_order from pg

BEGIN;

delete from shop.orders;
drop procedure shop.place_order(text, text[]);

COMMIT;
