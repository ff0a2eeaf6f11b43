-- Rollback: Close what is old
-- Service: crm-service
-- Author: kay
-- Date: 2024-01-09

BEGIN;

UPDATE customers SET stage = 'open' WHERE id = 1;

COMMIT;
