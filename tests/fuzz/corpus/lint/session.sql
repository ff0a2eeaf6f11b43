SET lock_timeout = 0;
ALTER ROLE a PASSWORD $$x$$;
DO $$ BEGIN CREATE USER b PASSWORD 'y'; END $$;
VACUUM t;-- Rollback: x
DROP TABLE IF EXISTS a, b.c CASCADE;
DROP SCHEMA s; ALTER INDEX i RENAME TO j; -- greylag:ignore credential: