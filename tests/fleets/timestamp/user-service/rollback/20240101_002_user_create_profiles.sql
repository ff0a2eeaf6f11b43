-- Rollback: Create profiles
-- Service: user-service
-- Author: kay
-- Date: 2024-01-01

BEGIN;

DROP TABLE IF EXISTS profiles;

COMMIT;
