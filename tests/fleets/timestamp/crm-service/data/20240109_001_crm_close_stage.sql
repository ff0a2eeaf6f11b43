-- Migration: Close what is old
-- Service: crm-service
-- Author: kay
-- Date: 2024-01-09
-- Dependencies: 20240108_001

BEGIN;

DO $do$
BEGIN
    UPDATE customers SET stage = 'closed' WHERE id = 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no customer; none to close';
    END IF;
END
$do$;

COMMIT;
