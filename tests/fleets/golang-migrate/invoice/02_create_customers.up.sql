-- 02 is version 2, and comes before 10
create table customers (
    id integer generated always as identity primary key,
    account_id uuid not null references accounts (id),
    name text not null,
    vat_number text unique
);
create index idx_customers_account_id on customers (account_id);
