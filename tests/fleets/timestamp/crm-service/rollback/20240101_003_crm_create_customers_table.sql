-- Rollback: Create customers table
-- Service: crm-service
-- Author: kay
-- Date: 2024-01-01

BEGIN;

DROP TABLE IF EXISTS customers;

COMMIT;
