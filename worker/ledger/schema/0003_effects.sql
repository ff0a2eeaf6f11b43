-- step_end for every kind of step: what becomes of the row in `applied` is said by the caller. The older one stays for
-- workers that have not been renewed yet.
--   add: nothing may be in effect   replace: another text of it was   realign: the same, but nothing ran: its place and its release stay
--   remove: it was in effect        none: it is never in effect
CREATE FUNCTION @schema@.step_end(p_target integer, p_request text, p_release text, p_direction text, p_migration text,
                                  p_checksum text, p_attempt bigint, p_sequence bigint, p_undoes text, p_effect text,
                                  p_started timestamptz)
RETURNS TABLE (r_position bigint, r_started bigint, r_finished bigint, r_detail text) LANGUAGE plpgsql AS $$
DECLARE
    v_started timestamptz := coalesce(p_started, pg_catalog.now());
    v_finished timestamptz := pg_catalog.clock_timestamp();
    v_detail text := '';
    v_position bigint;
    v_count bigint := 1;
BEGIN
    IF pg_catalog.current_setting('greylag.transaction', true)
       IS DISTINCT FROM pg_catalog.pg_current_xact_id()::text THEN
        RAISE EXCEPTION USING ERRCODE = 'GL002', MESSAGE = 'greylag: the text ended its own transaction';
    END IF;
    IF p_direction = 'adopt' THEN -- what was found in another tool's record
        v_detail := coalesce(pg_catalog.current_setting('greylag.found', true), '');
    END IF;
    INSERT INTO @schema@.history (target_id, request, release, direction, kind, migration, checksum, attempt,
                                  sequence, started_at, finished_at, detail)
    VALUES (p_target, p_request, p_release, p_direction, 'applied', p_migration, p_checksum, p_attempt,
            p_sequence, v_started, v_finished, v_detail)
    RETURNING position INTO v_position;
    CASE p_effect
    WHEN 'add' THEN
        INSERT INTO @schema@.applied (target_id, migration, checksum, request, release, position)
        VALUES (p_target, p_migration, p_checksum, p_request, p_release, v_position);
    WHEN 'replace' THEN
        UPDATE @schema@.applied
           SET checksum = p_checksum, request = p_request, release = p_release, position = v_position
         WHERE target_id = p_target AND migration = p_migration AND request = p_undoes;
        GET DIAGNOSTICS v_count = ROW_COUNT;
    WHEN 'realign' THEN
        UPDATE @schema@.applied
           SET checksum = p_checksum, request = p_request
         WHERE target_id = p_target AND migration = p_migration AND request = p_undoes;
        GET DIAGNOSTICS v_count = ROW_COUNT;
    WHEN 'remove' THEN
        DELETE FROM @schema@.applied
         WHERE target_id = p_target AND migration = p_migration AND request = p_undoes;
        GET DIAGNOSTICS v_count = ROW_COUNT;
    WHEN 'none' THEN
        NULL;
    END CASE;
    IF v_count <> 1 THEN
        RAISE EXCEPTION USING ERRCODE = 'GL004', MESSAGE = 'greylag: the request to undo is not in effect';
    END IF;
    IF p_started IS NOT NULL THEN
        DELETE FROM @schema@.progress WHERE target_id = p_target AND request = p_request;
    END IF;
    RETURN QUERY SELECT v_position,
                        (pg_catalog.date_part('epoch', v_started) * 1000000)::bigint,
                        (pg_catalog.date_part('epoch', v_finished) * 1000000)::bigint,
                        v_detail;
END $$;
