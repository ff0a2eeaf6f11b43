CREATE UNIQUE INDEX idx_accounts_name ON accounts (tenant_id, lower(name));
