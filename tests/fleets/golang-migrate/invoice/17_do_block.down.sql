alter table invoices detach partition invoices_2025;
alter table invoices detach partition invoices_2026;
drop table invoices_2025, invoices_2026;
