-- Rollback: Create users table
-- Service: auth-service
-- Author: kay
-- Date: 2024-01-01

BEGIN;

DROP INDEX IF EXISTS idx_users_updated_at;
DROP TABLE IF EXISTS users;

COMMIT;
