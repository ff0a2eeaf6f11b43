-- Rollback: Forecast
-- Service: crm-service
-- Author: kay
-- Date: 2024-01-08

BEGIN;

DROP MATERIALIZED VIEW forecast_kept;
DROP VIEW forecast;

COMMIT;
