-- Migration: First customers
-- Service: crm-service
-- Author: kay
-- Date: 2024-01-07
-- Dependencies: 20240107_001, 20240103_001

BEGIN;

INSERT INTO customers (name, owner) VALUES
    ('Ämter & Co; KG', '00000000-0000-4000-8000-000000000001'),
    ('Second', '00000000-0000-4000-8000-000000000002');
INSERT INTO contacts SELECT id, timestamptz '2024-01-07 10:00Z' + id * interval '1 day', 'called' FROM customers ORDER BY id;

COMMIT;
