-- Verify shop:stars_check on pg

BEGIN;

select 1 / count(*) from pg_constraint where conname = 'reviews_stars' and convalidated;

ROLLBACK;
