-- Migration: A row for everybody
-- Service: user-service
-- Author: kay
-- Date: 2024-01-05
-- Dependencies: 20240105_002, 20240103_002

BEGIN;

INSERT INTO preferences SELECT user_id, 'dark', jsonb_build_object('since', '2024; 01') FROM profiles ORDER BY user_id;

COMMIT;
