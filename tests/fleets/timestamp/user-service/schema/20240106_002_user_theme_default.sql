-- Migration: And by default
-- Service: user-service
-- Author: kay
-- Date: 2024-01-06
-- Dependencies: 20240106_001

BEGIN;

ALTER TABLE preferences ALTER COLUMN theme SET DEFAULT 'auto';

COMMIT;
