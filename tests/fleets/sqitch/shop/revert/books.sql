-- Revert shop:books from pg

BEGIN;

drop table shop.books;
drop domain shop.isbn;

COMMIT;
