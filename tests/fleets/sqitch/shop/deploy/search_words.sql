-- Deploy shop:search_words to pg
-- requires: reviews

create index concurrently idx_books_title on shop.books (lower(title));
create index concurrently idx_reviews_words on shop.reviews using gin (to_tsvector('simple', words));
