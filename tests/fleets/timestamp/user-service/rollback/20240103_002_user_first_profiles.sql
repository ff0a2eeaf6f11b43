-- Rollback: First profiles
-- Service: user-service
-- Author: kay
-- Date: 2024-01-03

BEGIN;

DELETE FROM profiles;

COMMIT;
