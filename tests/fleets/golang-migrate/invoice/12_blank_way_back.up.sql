alter table accounts add constraint accounts_currency check (currency ~ '^[A-Z]{3}$') not valid;
