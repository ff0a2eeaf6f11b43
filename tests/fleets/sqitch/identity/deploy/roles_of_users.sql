-- Deploy identity:roles_of_users to pg
-- requires: users

BEGIN;

create type identity.role as enum ('buyer', 'seller', 'clerk');
create table identity.roles (
    nick text not null references identity.users (nick) on delete cascade,
    role identity.role not null,
    primary key (nick, role)
);

COMMIT;
