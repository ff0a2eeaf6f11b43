-- Rollback: Languages
-- Service: user-service
-- Author: kay
-- Date: 2024-01-10

BEGIN;

ALTER TABLE profiles DROP CONSTRAINT chk_profiles_language;

COMMIT;
