-- Rollback: Contacts
-- Service: crm-service
-- Author: kay
-- Date: 2024-01-07

BEGIN;

DROP TABLE contacts;

COMMIT;
