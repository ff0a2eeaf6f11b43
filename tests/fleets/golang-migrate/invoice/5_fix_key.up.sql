-- the number first: that is what is looked up
alter table invoices drop constraint invoices_pkey;
alter table invoices add primary key (number, issued);
create table invoices_2024 partition of invoices for values from ('2024-01-01') to ('2025-01-01');
create index idx_invoices_customer_id on invoices (customer_id);
