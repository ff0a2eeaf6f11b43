-- Rollback: Comments
-- Service: auth-service
-- Author: kay
-- Date: 2024-01-10

BEGIN;

COMMENT ON TABLE users IS NULL;

COMMIT;
