alter table customers add column words tsvector
    generated always as (to_tsvector('simple', coalesce(name, '') || ' ' || coalesce(vat_number, ''))) stored;
create index idx_customers_words on customers using gin (words);
