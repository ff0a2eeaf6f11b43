drop index concurrently idx_customers_name;
