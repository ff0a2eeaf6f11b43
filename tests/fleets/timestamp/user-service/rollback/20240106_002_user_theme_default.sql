-- Rollback: And by default
-- Service: user-service
-- Author: kay
-- Date: 2024-01-06

BEGIN;

ALTER TABLE preferences ALTER COLUMN theme SET DEFAULT 'light';

COMMIT;
