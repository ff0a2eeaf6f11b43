-- Migration: Index without a lock
-- Service: auth-service
-- Author: kay
-- Date: 2024-01-05
-- Dependencies: 20240102_001

CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_sessions_expires ON sessions (expires);
