create index concurrently idx_patients_last_name on patients (last_name, first_name);
