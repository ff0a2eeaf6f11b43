-- Rollback: First customers
-- Service: crm-service
-- Author: kay
-- Date: 2024-01-07

BEGIN;

TRUNCATE contacts, customers RESTART IDENTITY;

COMMIT;
