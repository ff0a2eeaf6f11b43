-- What the server said beside an outcome: JSON in ASCII, so that every encoding holds it; '' nothing.
ALTER TABLE @schema@.history ADD COLUMN said text NOT NULL DEFAULT '';

CREATE FUNCTION @schema@.record(p_target integer, p_epoch bigint, p_term text, p_sequence bigint, p_request text,
                                p_release text, p_direction text, p_kind text, p_migration text, p_checksum text,
                                p_attempt bigint, p_started timestamptz, p_sqlstate text, p_message text,
                                p_line bigint, p_left text, p_detail text, p_said text)
RETURNS TABLE (r_position bigint, r_started bigint, r_finished bigint) LANGUAGE plpgsql AS $$
DECLARE
    r record;
BEGIN
    SELECT * INTO r
      FROM @schema@.record(p_target, p_epoch, p_term, p_sequence, p_request, p_release, p_direction, p_kind,
                           p_migration, p_checksum, p_attempt, p_started, p_sqlstate, p_message, p_line, p_left,
                           p_detail);
    UPDATE @schema@.history SET said = p_said WHERE target_id = p_target AND position = r.r_position AND p_said <> '';
    RETURN QUERY SELECT r.r_position, r.r_started, r.r_finished;
END $$;

-- What a step said that took effect, known only behind its COMMIT: for people, and not worth waiting for the disk.
CREATE FUNCTION @schema@.say(p_target integer, p_position bigint, p_said text)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_catalog.set_config('synchronous_commit', 'off', true);
    UPDATE @schema@.history SET said = p_said WHERE target_id = p_target AND position = p_position;
END $$;
