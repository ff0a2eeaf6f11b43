-- Rollback: Preferences
-- Service: user-service
-- Author: kay
-- Date: 2024-01-05

BEGIN;

DROP TABLE preferences;
DROP TYPE theme;

COMMIT;
