begin;
drop table invoices;
drop type invoice_state;
commit;
