-- Rollback: Index without a lock
-- Service: crm-service
-- Author: kay
-- Date: 2024-01-09

DROP INDEX CONCURRENTLY idx_customers_stage;
