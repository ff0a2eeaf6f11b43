-- Migration: Create users table
-- Service: auth-service
-- Author: kay
-- Date: 2024-01-01
-- Dependencies: none

BEGIN;

-- Forward migration
CREATE TABLE IF NOT EXISTS users (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    email VARCHAR(255) UNIQUE NOT NULL,
    created_at TIMESTAMP DEFAULT '2024-01-01',
    updated_at TIMESTAMP
);

-- Add indexes
CREATE INDEX IF NOT EXISTS idx_users_updated_at ON users(updated_at);

-- Add constraints
ALTER TABLE users ADD CONSTRAINT chk_email_format
    CHECK (email ~* '^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}$');

COMMIT;
