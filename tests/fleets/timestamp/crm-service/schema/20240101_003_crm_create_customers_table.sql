-- Migration: Create customers table
-- Service: crm-service
-- Author: kay
-- Date: 2024-01-01
-- Dependencies: 20240101_001, 20240101_002

BEGIN;

CREATE TABLE IF NOT EXISTS customers (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT NOT NULL,
    owner UUID NOT NULL
);

COMMIT;
