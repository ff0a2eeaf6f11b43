truncate invoices, customers, accounts restart identity;
