ALTER TABLE fields DROP CONSTRAINT chk_fields_required_default;
ALTER TABLE fields DROP COLUMN default_value;
