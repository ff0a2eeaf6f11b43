-- Deploy identity:first_users to pg
-- requires: insert_user roles_of_users

BEGIN;

select identity.insert_user('ada', 'correct; horse'), identity.insert_user('bob', E'it\'s');
insert into identity.roles values ('ada', 'seller'), ('bob', 'buyer');

COMMIT;
