ALTER TABLE leads DROP CONSTRAINT chk_leads_conversion;
ALTER TABLE leads DROP COLUMN converted_at;
ALTER TABLE leads DROP COLUMN converted_contact_id;
