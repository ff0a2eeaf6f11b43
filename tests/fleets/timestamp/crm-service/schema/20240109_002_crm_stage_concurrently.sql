-- Migration: Index without a lock
-- Service: crm-service
-- Author: kay
-- Date: 2024-01-09
-- Dependencies: 20240108_001

CREATE INDEX CONCURRENTLY idx_customers_stage ON customers (stage);
