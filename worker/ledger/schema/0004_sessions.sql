-- A session is named by process id, its start, and the start of its server: in a container process ids begin anew with
-- each server, and an application's session soon has the one that the lease names.
ALTER TABLE @schema@.lease
    ADD COLUMN server_start timestamptz,
    ALTER COLUMN backend_start DROP NOT NULL; -- a role that acts as another may not even see its own

-- As before; and a session whose start this role may not see counts as the holder's only as long as the lease stands or
-- the lock is taken: it is not ours to end. A session is looked at as the role that logged in, since the one that it
-- begins as (ALTER ROLE ... SET role) may not see it.
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
