-- Verify identity:appschema on pg

BEGIN;

select pg_catalog.has_schema_privilege('identity', 'usage');

ROLLBACK;
