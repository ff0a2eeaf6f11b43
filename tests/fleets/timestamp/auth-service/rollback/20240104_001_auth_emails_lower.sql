-- Rollback: Emails in lower case
-- Service: auth-service
-- Author: kay
-- Date: 2024-01-04

START TRANSACTION;

DROP INDEX idx_users_email_lower;

COMMIT WORK;
