ALTER TABLE tenants ADD COLUMN region varchar(10);
UPDATE tenants SET region = CASE WHEN plan = 'enterprise' THEN 'us' ELSE 'eu' END;
ALTER TABLE tenants ALTER COLUMN region SET NOT NULL;
ALTER TABLE tenants ADD CONSTRAINT chk_tenants_region CHECK (region IN ('eu', 'us'));
