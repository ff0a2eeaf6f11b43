-- What a file leaves in its session goes, whoever set it: settings, locks, temporary tables, prepared statements, held
-- cursors, channels, the last values of sequences. Run as the session's own role. Where the session has the target's lock
-- (p_key, else NULL) it is held throughout: once more by the transaction while all locks of the session are let go. It is
-- never waited for: when a file let it go and somebody else has it now, they keep it.
CREATE OR REPLACE PROCEDURE @schema@.session_clean(p_key bigint) LANGUAGE plpgsql AS $$
DECLARE
    v_held boolean;
    v_done boolean;
    v_name text;
BEGIN
    v_held := p_key IS NOT NULL AND pg_catalog.pg_try_advisory_xact_lock(p_key);
    v_done := pg_catalog.pg_advisory_unlock_all() IS NULL;
    v_held := v_held AND pg_catalog.pg_try_advisory_lock(p_key);
    IF EXISTS (SELECT FROM pg_catalog.pg_prepared_statement() p WHERE p.from_sql) THEN
        FOR v_name IN SELECT p.name FROM pg_catalog.pg_prepared_statement() p WHERE p.from_sql LOOP
            EXECUTE pg_catalog.format('DEALLOCATE %I', v_name);
        END LOOP;
    END IF;
    EXECUTE 'CLOSE ALL';
    UNLISTEN *;
    DISCARD TEMP;
    DISCARD SEQUENCES;
    RESET ALL;
END $$;
