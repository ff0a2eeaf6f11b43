-- Rollback: Create sessions
-- Service: auth-service
-- Author: kay
-- Date: 2024-01-02

BEGIN;

DROP TABLE sessions;

COMMIT;
