-- Migration: Pipeline
-- Service: crm-service
-- Author: kay
-- Date: 2024-01-08
-- Dependencies: 20240107_002

BEGIN;

CREATE DOMAIN chance AS numeric(3, 2) CHECK (VALUE BETWEEN 0 AND 1);
ALTER TABLE customers ADD COLUMN chance chance, ADD COLUMN stage TEXT;
UPDATE customers SET chance = 0.5, stage = 'open' WHERE stage IS NULL;
ALTER TABLE customers ALTER COLUMN stage SET NOT NULL;

COMMIT;
