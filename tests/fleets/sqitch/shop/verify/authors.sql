-- Verify shop:authors on pg

BEGIN;

select id, name from shop.authors where false;

ROLLBACK;
