-- Deploy shop:stars_check to pg
-- requires: reviews

BEGIN;

alter table shop.reviews add constraint reviews_stars check (stars between 1 and 5) not valid;
alter table shop.reviews validate constraint reviews_stars;

COMMIT;
