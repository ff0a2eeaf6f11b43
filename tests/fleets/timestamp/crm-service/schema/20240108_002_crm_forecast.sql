-- Migration: Forecast
-- Service: crm-service
-- Author: kay
-- Date: 2024-01-08
-- Dependencies: 20240108_001

BEGIN;

CREATE VIEW forecast AS SELECT stage, sum(chance) AS customers FROM customers GROUP BY stage;
CREATE MATERIALIZED VIEW forecast_kept AS SELECT * FROM forecast;

COMMIT;
