-- The checks that every step makes inside its own transaction, in two calls, so that it stays one round trip.
CREATE FUNCTION @schema@.fence_check(p_target integer, p_epoch bigint, p_term text, p_sequence bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM @schema@.fence
     WHERE target_id = p_target AND epoch = p_epoch AND term = p_term AND sequence = p_sequence
       FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'GL001', MESSAGE = 'greylag: another fence is in force on this target';
    END IF;
END $$;

CREATE FUNCTION @schema@.step_begin(p_target integer, p_epoch bigint, p_term text, p_sequence bigint,
                                    p_not_after bigint, p_pid integer, p_migration text, p_undoes text,
                                    p_lock_timeout text, p_statement_timeout text, p_search_path text)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_request text;
BEGIN
    IF pg_catalog.pg_backend_pid() <> p_pid THEN
        RAISE EXCEPTION USING ERRCODE = 'GL003', MESSAGE = 'greylag: this is not the session that took the lock';
    END IF;
    PERFORM 1 FROM @schema@.fence
     WHERE target_id = p_target AND epoch = p_epoch AND term = p_term AND sequence = p_sequence
       FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'GL001', MESSAGE = 'greylag: another fence is in force on this target';
    END IF;
    IF p_not_after > 0 AND pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) * 1000000 > p_not_after THEN
        RAISE EXCEPTION USING ERRCODE = 'GL006', MESSAGE = 'greylag: the job has expired';
    END IF;
    SELECT request INTO v_request FROM @schema@.applied WHERE target_id = p_target AND migration = p_migration;
    IF coalesce(v_request, '') <> p_undoes THEN
        RAISE EXCEPTION USING ERRCODE = 'GL004', MESSAGE = 'greylag: what is applied does not fit this request';
    END IF;
    PERFORM pg_catalog.set_config('greylag.transaction', pg_catalog.pg_current_xact_id()::text, true),
            pg_catalog.set_config('lock_timeout', p_lock_timeout, true),
            pg_catalog.set_config('statement_timeout', p_statement_timeout, true);
    IF p_search_path IS NOT NULL THEN
        PERFORM pg_catalog.set_config('search_path', p_search_path, true);
    END IF;
END $$;

-- Markers go, too: a request that ran statement by statement ends here as well.
CREATE FUNCTION @schema@.step_end(p_target integer, p_request text, p_release text, p_direction text, p_migration text,
                                  p_checksum text, p_attempt bigint, p_sequence bigint, p_undoes text,
                                  p_started timestamptz)
RETURNS TABLE (r_position bigint, r_started bigint, r_finished bigint) LANGUAGE plpgsql AS $$
DECLARE
    v_started timestamptz := coalesce(p_started, pg_catalog.now());
    v_finished timestamptz := pg_catalog.clock_timestamp();
    v_position bigint;
    v_count bigint;
BEGIN
    IF pg_catalog.current_setting('greylag.transaction', true)
       IS DISTINCT FROM pg_catalog.pg_current_xact_id()::text THEN
        RAISE EXCEPTION USING ERRCODE = 'GL002', MESSAGE = 'greylag: the text ended its own transaction';
    END IF;
    INSERT INTO @schema@.history (target_id, request, release, direction, kind, migration, checksum, attempt,
                                  sequence, started_at, finished_at)
    VALUES (p_target, p_request, p_release, p_direction, 'applied', p_migration, p_checksum, p_attempt,
            p_sequence, v_started, v_finished)
    RETURNING position INTO v_position;
    IF p_direction = 'up' THEN
        INSERT INTO @schema@.applied (target_id, migration, checksum, request, release, position)
        VALUES (p_target, p_migration, p_checksum, p_request, p_release, v_position);
    ELSE
        DELETE FROM @schema@.applied
         WHERE target_id = p_target AND migration = p_migration AND request = p_undoes;
        GET DIAGNOSTICS v_count = ROW_COUNT;
        IF v_count <> 1 THEN
            RAISE EXCEPTION USING ERRCODE = 'GL004', MESSAGE = 'greylag: the request to undo is not in effect';
        END IF;
    END IF;
    IF p_started IS NOT NULL THEN
        DELETE FROM @schema@.progress WHERE target_id = p_target AND request = p_request;
    END IF;
    RETURN QUERY SELECT v_position,
                        (pg_catalog.date_part('epoch', v_started) * 1000000)::bigint,
                        (pg_catalog.date_part('epoch', v_finished) * 1000000)::bigint;
END $$;

-- FAILED, ALREADY and DRIFT: in a transaction of their own, under the same fence.
CREATE FUNCTION @schema@.record(p_target integer, p_epoch bigint, p_term text, p_sequence bigint, p_request text,
                                p_release text, p_direction text, p_kind text, p_migration text, p_checksum text,
                                p_attempt bigint, p_started timestamptz, p_sqlstate text, p_message text,
                                p_line bigint, p_left text, p_detail text)
RETURNS TABLE (r_position bigint, r_started bigint, r_finished bigint) LANGUAGE plpgsql AS $$
DECLARE
    v_finished timestamptz := pg_catalog.clock_timestamp();
    v_started timestamptz := coalesce(p_started, v_finished);
    v_position bigint;
BEGIN
    PERFORM @schema@.fence_check(p_target, p_epoch, p_term, p_sequence);
    INSERT INTO @schema@.history (target_id, request, release, direction, kind, migration, checksum, attempt,
                                  sequence, started_at, finished_at, sqlstate, message, line, "left", detail)
    VALUES (p_target, p_request, p_release, p_direction, p_kind, p_migration, p_checksum, p_attempt,
            p_sequence, v_started, v_finished, p_sqlstate, p_message, p_line, p_left, p_detail)
    RETURNING position INTO v_position;
    DELETE FROM @schema@.progress WHERE target_id = p_target AND request = p_request;
    RETURN QUERY SELECT v_position,
                        (pg_catalog.date_part('epoch', v_started) * 1000000)::bigint,
                        (pg_catalog.date_part('epoch', v_finished) * 1000000)::bigint;
END $$;

-- '' when the fence asked for is in force afterwards; else the refusal. (protocol.md, 1)
CREATE FUNCTION @schema@.fence_raise(p_target integer, p_epoch bigint, p_term text, p_sequence bigint, p_digest text,
                                     p_expects bigint, p_not_after bigint, p_system text, p_timeline integer,
                                     p_accept boolean)
RETURNS TABLE (r_refusal text, r_epoch bigint, r_term text, r_sequence bigint, r_digest text, r_why text)
LANGUAGE plpgsql AS $$
DECLARE
    f @schema@.fence%ROWTYPE;
    known boolean;
    refusal text := '';
    why text := '';
BEGIN
    SELECT * INTO f FROM @schema@.fence WHERE target_id = p_target FOR UPDATE;
    known := FOUND;
    IF NOT known THEN
        f.epoch := 0; f.term := ''; f.sequence := 0; f.digest := '';
    END IF;
    IF known AND NOT p_accept AND (f.system_identifier <> p_system OR f.timeline <> p_timeline) THEN
        refusal := 'rewound';
        why := pg_catalog.format('the fence was recorded by server %s, timeline %s; this is %s, timeline %s',
                                 f.system_identifier, f.timeline, p_system, p_timeline);
    ELSIF p_expects > f.sequence AND NOT p_accept THEN
        refusal := 'rewound';
        why := pg_catalog.format('the coordinator saw sequence %s recorded here, the database has %s', p_expects, f.sequence);
    ELSIF p_epoch > f.epoch + 1000000 OR p_sequence > f.sequence + 1000000 THEN
        refusal := 'jump';
        why := pg_catalog.format('from epoch %s, sequence %s to %s, %s', f.epoch, f.sequence, p_epoch, p_sequence);
    ELSIF p_epoch = f.epoch AND p_term <> f.term THEN
        refusal := 'conflict';
        why := pg_catalog.format('epoch %s is in force with another term', f.epoch);
    ELSIF p_epoch < f.epoch OR (p_epoch = f.epoch AND p_sequence < f.sequence) THEN
        refusal := 'stale';
        why := pg_catalog.format('epoch %s, sequence %s is in force', f.epoch, f.sequence);
    ELSIF p_epoch = f.epoch AND p_sequence = f.sequence AND p_digest <> f.digest THEN
        refusal := 'conflict';
        why := pg_catalog.format('epoch %s, sequence %s is in force with other contents', f.epoch, f.sequence);
    ELSIF p_not_after > 0 AND pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) * 1000000 > p_not_after THEN
        refusal := 'expired';
        why := 'its time has passed by the database''s clock';
    ELSIF NOT known THEN
        INSERT INTO @schema@.fence (target_id, epoch, term, sequence, digest, system_identifier, timeline)
        VALUES (p_target, p_epoch, p_term, p_sequence, p_digest, p_system, p_timeline);
    ELSIF p_epoch > f.epoch OR p_sequence > f.sequence OR f.system_identifier <> p_system OR f.timeline <> p_timeline THEN
        UPDATE @schema@.fence
           SET epoch = p_epoch, term = p_term, sequence = p_sequence, digest = p_digest,
               system_identifier = p_system, timeline = p_timeline, raised_at = pg_catalog.clock_timestamp()
         WHERE target_id = p_target;
    END IF;
    IF refusal = '' THEN
        RETURN QUERY SELECT refusal, p_epoch, p_term, p_sequence, p_digest, why;
    ELSE
        RETURN QUERY SELECT refusal, f.epoch, f.term, f.sequence, f.digest, why;
    END IF;
END $$;

-- Markers: conditional writes against the fence.
CREATE FUNCTION @schema@.mark_before(p_target integer, p_epoch bigint, p_term text, p_sequence bigint, p_pid integer,
                                     p_request text, p_statement integer, p_made text, p_found text)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF pg_catalog.pg_backend_pid() <> p_pid THEN
        RAISE EXCEPTION USING ERRCODE = 'GL003', MESSAGE = 'greylag: this is not the session that took the lock';
    END IF;
    PERFORM @schema@.fence_check(p_target, p_epoch, p_term, p_sequence);
    INSERT INTO @schema@.progress (target_id, request, statement, made, found)
    VALUES (p_target, p_request, p_statement, p_made, p_found)
    ON CONFLICT DO NOTHING;
END $$;

CREATE FUNCTION @schema@.mark_after(p_target integer, p_epoch bigint, p_term text, p_sequence bigint, p_request text,
                                    p_statement integer)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM @schema@.fence_check(p_target, p_epoch, p_term, p_sequence);
    INSERT INTO @schema@.progress (target_id, request, statement, made, found, done_at)
    VALUES (p_target, p_request, p_statement, '', '', pg_catalog.clock_timestamp())
    ON CONFLICT (target_id, request, statement) DO UPDATE SET done_at = excluded.done_at;
END $$;

-- Lock and lease in one call. '' : locked. 'busy': another has it and its lease stands. 'lapsed': r_pid and r_start
-- name the session that has to end first. Never waits.
CREATE FUNCTION @schema@.try_lock(p_target integer, p_key bigint, p_holder text, p_lease_ms bigint)
RETURNS TABLE (r_state text, r_holder text, r_pid integer, r_start text, r_left_ms bigint) LANGUAGE plpgsql AS $$
DECLARE
    l @schema@.lease%ROWTYPE;
    mine timestamptz;
    locked boolean;
    alive boolean := false;
BEGIN
    PERFORM pg_catalog.set_config('synchronous_commit', 'off', true); -- a lease that a crash loses has no session left
    locked := pg_catalog.pg_try_advisory_lock(p_key);
    SELECT * INTO l FROM @schema@.lease WHERE target_id = p_target;
    IF FOUND AND l.pid <> pg_catalog.pg_backend_pid() THEN
        SELECT true INTO alive FROM pg_catalog.pg_stat_activity
         WHERE pid = l.pid AND (backend_start = l.backend_start OR backend_start IS NULL);
        alive := coalesce(alive, false);
    END IF;
    IF alive OR NOT locked THEN
        IF locked THEN
            PERFORM pg_catalog.pg_advisory_unlock(p_key); -- the holder lost the lock, but is still there
        END IF;
        RETURN QUERY SELECT CASE WHEN alive AND l.expires < pg_catalog.clock_timestamp() THEN 'lapsed' ELSE 'busy' END,
            l.holder, l.pid,
            pg_catalog.to_char(l.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            (pg_catalog.date_part('epoch', l.expires - pg_catalog.clock_timestamp()) * 1000)::bigint;
        RETURN;
    END IF;
    SELECT backend_start INTO mine FROM pg_catalog.pg_stat_activity WHERE pid = pg_catalog.pg_backend_pid();
    INSERT INTO @schema@.lease AS t (target_id, holder, pid, backend_start, expires)
    VALUES (p_target, p_holder, pg_catalog.pg_backend_pid(), mine,
            pg_catalog.clock_timestamp() + p_lease_ms * interval '1 ms')
    ON CONFLICT (target_id) DO UPDATE
       SET holder = excluded.holder, pid = excluded.pid, backend_start = excluded.backend_start, expires = excluded.expires;
    RETURN QUERY SELECT ''::text, p_holder, pg_catalog.pg_backend_pid(), ''::text, p_lease_ms;
END $$;

CREATE FUNCTION @schema@.unlock(p_target integer, p_key bigint)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_catalog.set_config('synchronous_commit', 'off', true);
    UPDATE @schema@.lease SET pid = 0, expires = pg_catalog.clock_timestamp()
     WHERE target_id = p_target AND pid = pg_catalog.pg_backend_pid();
    RETURN pg_catalog.pg_advisory_unlock(p_key);
END $$;
