-- Rollback: Keep updated_at
-- Service: auth-service
-- Author: kay
-- Date: 2024-01-02

BEGIN WORK;

DROP TRIGGER users_touch ON users;
DROP FUNCTION touch_user();

END;
