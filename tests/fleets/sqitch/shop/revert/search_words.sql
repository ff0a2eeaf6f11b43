-- Revert shop:search_words from pg

drop index concurrently shop.idx_reviews_words;
drop index concurrently shop.idx_books_title;
