DROP INDEX idx_accounts_name;
