begin;
create type invoice_state as enum ('draft', 'sent', 'paid');
create table invoices (
    number bigint not null,
    customer_id integer not null references customers (id),
    state invoice_state not null default 'draft',
    issued date not null,
    total numeric(12, 2) not null check (total >= 0),
    primary key (issued, number)
) partition by range (issued);
create table invoices_2023 partition of invoices for values from ('2023-01-01') to ('2024-01-01');
commit;
