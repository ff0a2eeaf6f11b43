-- Dependencies: tenant:20240304090000
ALTER TABLE accounts ADD COLUMN annual_revenue numeric(14, 2) CHECK (annual_revenue >= 0);
ALTER TABLE accounts ADD COLUMN revenue_currency char(3) NOT NULL DEFAULT 'EUR';
