-- Migration: Keep updated_at
-- Service: auth-service
-- Author: kay
-- Date: 2024-01-02
-- Dependencies: 20240101_001

BEGIN WORK;

CREATE OR REPLACE FUNCTION touch_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- COMMIT; and BEGIN; are words of the body here
    NEW.updated_at := coalesce(NEW.updated_at, timestamp '2024-01-02 03:04:05');
    RETURN NEW;
END;
$$;
CREATE TRIGGER users_touch BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch_user();

END;
