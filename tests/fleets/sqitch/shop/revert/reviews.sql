-- Revert shop:reviews from pg

BEGIN;

drop table shop.reviews;

COMMIT;
