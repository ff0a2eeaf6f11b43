drop trigger invoices_guard on invoices;
drop function guard_paid();
drop function overdue(date);
