-- Verify shop:books on pg

BEGIN;

select isbn, title, author_id, price, seller from shop.books where false;

ROLLBACK;
