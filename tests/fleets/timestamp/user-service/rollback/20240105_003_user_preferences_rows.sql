-- Rollback: A row for everybody
-- Service: user-service
-- Author: kay
-- Date: 2024-01-05

BEGIN;

DELETE FROM preferences;

COMMIT;
