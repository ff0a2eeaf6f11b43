-- Migration: Preferences
-- Service: user-service
-- Author: kay
-- Date: 2024-01-05
-- Dependencies: 20240101_002

BEGIN;

CREATE TYPE theme AS ENUM ('light', 'dark');
CREATE TABLE preferences (
    user_id UUID REFERENCES profiles (user_id) ON DELETE CASCADE,
    theme theme NOT NULL DEFAULT 'light',
    data JSONB NOT NULL DEFAULT '{}',
    PRIMARY KEY (user_id, theme)
);

COMMIT;
