-- Revert shop:authors from pg

BEGIN;

drop table shop.authors;

COMMIT;
