-- Migration: Create sessions
-- Service: auth-service
-- Author: kay
-- Date: 2024-01-02
-- Dependencies: 20240101_001

BEGIN;

CREATE TABLE sessions (
    id BIGSERIAL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires TIMESTAMPTZ NOT NULL
);
CREATE INDEX idx_sessions_user_id ON sessions (user_id);

COMMIT;
