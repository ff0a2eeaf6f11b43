-- Revert shop:first_books from pg

BEGIN;

delete from shop.books;
delete from shop.authors;
delete from shop.prices;

COMMIT;
