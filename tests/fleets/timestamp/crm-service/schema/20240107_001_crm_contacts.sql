-- Migration: Contacts
-- Service: crm-service
-- Author: kay
-- Date: 2024-01-07
-- Dependencies: 20240101_003

BEGIN;

CREATE TABLE contacts (
    customer BIGINT NOT NULL REFERENCES customers (id),
    at TIMESTAMPTZ NOT NULL,
    words TEXT
) PARTITION BY RANGE (at);
CREATE TABLE contacts_2024 PARTITION OF contacts FOR VALUES FROM ('2024-01-01 00:00Z') TO ('2025-01-01 00:00Z');
CREATE INDEX idx_contacts_customer ON contacts (customer);

COMMIT;
