create index concurrently idx_plants_sow on plants (sow);
