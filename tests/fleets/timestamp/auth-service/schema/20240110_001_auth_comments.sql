-- Migration: Comments
-- Service: auth-service
-- Author: kay
-- Date: 2024-01-10
-- Dependencies: 20240104_001

BEGIN;

COMMENT ON TABLE users IS 'BEGIN; COMMIT; in a string';

COMMIT;
