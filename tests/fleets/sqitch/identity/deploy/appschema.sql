-- Deploy identity:appschema to pg

BEGIN;

create schema identity;

COMMIT;
