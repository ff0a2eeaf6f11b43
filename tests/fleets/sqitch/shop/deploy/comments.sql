-- Deploy shop:comments to pg
-- requires: search_words

BEGIN;

comment on schema shop is 'books; orders; reviews';
comment on column shop.books.price is 'in EUR';

COMMIT;
