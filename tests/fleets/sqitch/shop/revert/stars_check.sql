-- Revert shop:stars_check from pg

BEGIN;

alter table shop.reviews drop constraint reviews_stars;

COMMIT;
