-- Revert shop:comments from pg

BEGIN;

comment on schema shop is null;
comment on column shop.books.price is null;

COMMIT;
