-- Revert shop:price_trigger from pg

BEGIN;

drop trigger books_price on shop.books;
drop function shop.note_price();

COMMIT;
