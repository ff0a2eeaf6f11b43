-- Migration: Emails in lower case
-- Service: auth-service
-- Author: kay
-- Date: 2024-01-04
-- Dependencies: 20240103_001

START TRANSACTION;

UPDATE users SET email = lower(email);
CREATE UNIQUE INDEX idx_users_email_lower ON users (lower(email));

COMMIT WORK;
