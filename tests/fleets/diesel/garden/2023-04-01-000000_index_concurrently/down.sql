drop index concurrently idx_plants_sow;
