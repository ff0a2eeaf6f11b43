-- Deploy shop:appschema to pg

BEGIN;

create schema shop;

COMMIT;
