-- Rollback: Index without a lock
-- Service: auth-service
-- Author: kay
-- Date: 2024-01-05

DROP INDEX CONCURRENTLY IF EXISTS idx_sessions_expires;
