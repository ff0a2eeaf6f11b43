create index concurrently idx_customers_name on customers (name);
