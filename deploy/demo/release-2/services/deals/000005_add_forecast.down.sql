ALTER TABLE deals DROP COLUMN forecast_category;
