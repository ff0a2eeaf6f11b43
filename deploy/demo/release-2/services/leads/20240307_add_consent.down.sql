ALTER TABLE leads DROP COLUMN consent_source;
ALTER TABLE leads DROP COLUMN consent_at;
