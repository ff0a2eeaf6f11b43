drop index idx_invoices_customer_id;
drop table invoices_2024;
alter table invoices drop constraint invoices_pkey;
alter table invoices add primary key (issued, number);
