-- Verify shop:appschema on pg

BEGIN;

do $$ begin assert to_regnamespace('shop') is not null; end $$;

ROLLBACK;
