-- Verify shop:search_words on pg

BEGIN;

select 1 / (count(*) = 2)::integer from pg_class where relname in ('idx_books_title', 'idx_reviews_words');

ROLLBACK;
