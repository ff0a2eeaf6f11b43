-- Migration: First profiles
-- Service: user-service
-- Author: kay
-- Date: 2024-01-03
-- Dependencies: 20240101_002, 20240103_001

BEGIN;

INSERT INTO profiles VALUES
    ('00000000-0000-4000-8000-000000000001', 'Root -- the first', 'en'),
    ('00000000-0000-4000-8000-000000000002', 'Jack', 'ga')
ON CONFLICT (user_id) DO UPDATE SET display_name = excluded.display_name;

COMMIT;
