-- Deploy identity:users to pg
-- requires: appschema

BEGIN;

create table identity.users (
    nick text primary key,
    password text not null,
    since timestamptz not null default '2024-01-02'
);

COMMIT;
