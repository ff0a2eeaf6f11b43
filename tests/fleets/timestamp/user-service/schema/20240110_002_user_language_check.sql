-- Migration: Languages
-- Service: user-service
-- Author: kay
-- Date: 2024-01-10
-- Dependencies: 20240103_002

BEGIN;

ALTER TABLE profiles ADD CONSTRAINT chk_profiles_language CHECK (language ~ '^[a-z]{2}$') NOT VALID;
ALTER TABLE profiles VALIDATE CONSTRAINT chk_profiles_language;

COMMIT;
