drop table invoices_2025, invoices_2026;
