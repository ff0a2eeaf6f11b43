alter table customers enable row level security;
create policy customers_own on customers using (account_id::text = current_setting('app.account', true));
