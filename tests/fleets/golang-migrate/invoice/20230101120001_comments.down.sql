comment on column invoices.total is null;
comment on function overdue(date) is null;
