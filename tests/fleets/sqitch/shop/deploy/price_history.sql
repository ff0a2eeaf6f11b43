-- Deploy shop:price_history to pg
-- requires: books

BEGIN;

create table shop.prices (
    isbn shop.isbn not null,
    changed date not null,
    price numeric(8, 2) not null
) partition by range (changed);
create table shop.prices_2024 partition of shop.prices for values from ('2024-01-01') to ('2025-01-01');
create table shop.prices_rest partition of shop.prices default;

COMMIT;
