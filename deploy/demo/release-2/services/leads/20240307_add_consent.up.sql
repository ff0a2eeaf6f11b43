-- Dependencies: contacts:20240306090000
ALTER TABLE leads ADD COLUMN consent_at timestamptz;
ALTER TABLE leads ADD COLUMN consent_source varchar(40);
UPDATE leads SET consent_at = created_at, consent_source = 'imported' WHERE source = 'referral';
