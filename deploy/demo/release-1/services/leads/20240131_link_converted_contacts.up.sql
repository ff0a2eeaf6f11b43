-- Dependencies: contacts:20240110100000
ALTER TABLE leads ADD COLUMN converted_contact_id uuid;
ALTER TABLE leads ADD COLUMN converted_at timestamptz;
ALTER TABLE leads ADD CONSTRAINT chk_leads_conversion CHECK ((converted_contact_id IS NULL) = (converted_at IS NULL));
