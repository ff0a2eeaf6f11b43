ALTER TABLE accounts DROP COLUMN revenue_currency;
ALTER TABLE accounts DROP COLUMN annual_revenue;
