ALTER TABLE fields ADD COLUMN default_value jsonb;
ALTER TABLE fields ADD CONSTRAINT chk_fields_required_default CHECK (NOT required OR default_value IS DISTINCT FROM 'null');
