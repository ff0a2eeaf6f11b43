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

-- As before; a session is looked at as the role that logged in, since the one that it begins as (ALTER ROLE ... SET
-- role) may not see it.
CREATE OR REPLACE FUNCTION @schema@.try_lock(p_target integer, p_key bigint, p_holder text, p_lease_ms bigint)
RETURNS TABLE (r_state text, r_holder text, r_pid integer, r_start text, r_left_ms bigint) LANGUAGE plpgsql AS $$
DECLARE
    l @schema@.lease%ROWTYPE;
    v_role text := pg_catalog.current_setting('role');
    mine timestamptz;
    locked boolean;
    known boolean;
    lapsed boolean;
    seen boolean; -- NULL: no session has its process id
BEGIN
    PERFORM pg_catalog.set_config('synchronous_commit', 'off', true); -- a lease that a crash loses has no session left
    locked := pg_catalog.pg_try_advisory_lock(p_key);
    SELECT * INTO l FROM @schema@.lease WHERE target_id = p_target;
    known := FOUND;
    PERFORM pg_catalog.set_config('role', 'none', true);
    SELECT backend_start INTO mine FROM pg_catalog.pg_stat_activity WHERE pid = pg_catalog.pg_backend_pid();
    IF known AND l.pid <> pg_catalog.pg_backend_pid() AND l.server_start = pg_catalog.pg_postmaster_start_time() THEN
        SELECT backend_start IS NOT NULL INTO seen FROM pg_catalog.pg_stat_activity
         WHERE pid = l.pid AND (backend_start = l.backend_start OR backend_start IS NULL);
    END IF;
    PERFORM pg_catalog.set_config('role', v_role, true);
    lapsed := l.expires < pg_catalog.clock_timestamp();
    IF seen OR (NOT seen AND NOT lapsed) OR NOT locked THEN
        IF locked THEN
            PERFORM pg_catalog.pg_advisory_unlock(p_key); -- the holder lost the lock, but is still there
        END IF;
        RETURN QUERY SELECT CASE WHEN seen AND lapsed THEN 'lapsed' ELSE 'busy' END,
            l.holder || CASE WHEN seen THEN '' WHEN NOT seen THEN ' (this role may not see whether that is its session: '
                                                               'GRANT pg_read_all_stats to it)' ELSE '' END, l.pid,
            pg_catalog.to_char(l.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            (pg_catalog.date_part('epoch', l.expires - pg_catalog.clock_timestamp()) * 1000)::bigint;
        RETURN;
    END IF;
    INSERT INTO @schema@.lease AS t (target_id, holder, pid, backend_start, server_start, expires)
    VALUES (p_target, p_holder, pg_catalog.pg_backend_pid(), mine, pg_catalog.pg_postmaster_start_time(),
            pg_catalog.clock_timestamp() + p_lease_ms * interval '1 ms')
    ON CONFLICT (target_id) DO UPDATE
       SET holder = excluded.holder, pid = excluded.pid, backend_start = excluded.backend_start,
           server_start = excluded.server_start, expires = excluded.expires;
    RETURN QUERY SELECT ''::text, p_holder, pg_catalog.pg_backend_pid(), ''::text, p_lease_ms;
END $$;
