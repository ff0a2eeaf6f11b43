-- Deploy shop:orders to pg
-- requires: @beta identity:roles_of_users !warehouse:legacy_orders

BEGIN;

create table shop.orders (
    number bigserial primary key,
    buyer text not null references identity.users (nick),
    placed timestamptz not null,
    exclude using btree (number with =)
);
create index idx_orders_buyer on shop.orders (buyer);

COMMIT;
