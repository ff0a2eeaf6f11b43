-- Deploy identity:security/sellers to pg
-- requires: roles_of_users

BEGIN;

create view identity.sellers as select nick from identity.roles where role = 'seller';

COMMIT;
