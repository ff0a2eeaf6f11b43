-- Rollback: First users
-- Service: auth-service
-- Author: kay
-- Date: 2024-01-03

BEGIN;

DELETE FROM users;

COMMIT;
