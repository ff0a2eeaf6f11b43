-- Deploy shop:authors to pg
-- requires: appschema

BEGIN;

create table shop.authors (
    id integer generated always as identity primary key,
    name text not null
);

COMMIT;
