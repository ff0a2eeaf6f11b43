-- Rollback: Pipeline
-- Service: crm-service
-- Author: kay
-- Date: 2024-01-08

BEGIN;

ALTER TABLE customers DROP COLUMN stage, DROP COLUMN chance;
DROP DOMAIN chance;

COMMIT;
