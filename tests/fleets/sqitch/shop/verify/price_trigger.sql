-- Verify shop:price_trigger on pg

BEGIN;

select 1 / count(*) from pg_trigger where tgname = 'books_price';

ROLLBACK;
