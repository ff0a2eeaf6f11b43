-- Migration: Create profiles
-- Service: user-service
-- Author: kay
-- Date: 2024-01-01
-- Dependencies: 20240101_001

BEGIN;

CREATE TABLE IF NOT EXISTS profiles (
    user_id UUID PRIMARY KEY,
    display_name TEXT NOT NULL DEFAULT 'nobody; yet',
    language CHAR(2) NOT NULL DEFAULT 'en'
);

COMMIT;
