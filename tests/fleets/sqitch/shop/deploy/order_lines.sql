-- Deploy shop:order_lines to pg
-- requires: orders books@beta

BEGIN;

create table shop.order_lines (
    number bigint references shop.orders (number) on delete cascade,
    isbn shop.isbn references shop.books (isbn),
    copies smallint not null default 1 check (copies > 0),
    primary key (number, isbn)
);
create index idx_order_lines_isbn on shop.order_lines (isbn);

COMMIT;
