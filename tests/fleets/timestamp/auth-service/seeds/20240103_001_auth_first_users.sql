-- Migration: First users
-- Service: auth-service
-- Author: kay
-- Date: 2024-01-03
-- Dependencies: 20240102_002

BEGIN;

INSERT INTO users (id, email) VALUES
    ('00000000-0000-4000-8000-000000000001', 'root@example.org'),
    ('00000000-0000-4000-8000-000000000002', 'oneill+x@example.org')
ON CONFLICT DO NOTHING;

COMMIT;
