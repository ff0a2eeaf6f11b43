-- What a statement outside a transaction left that was cut off or failed: noted at its marker, for people; '' takes the
-- marker away, since nothing is left.
CREATE OR REPLACE FUNCTION @schema@.mark_left(p_target integer, p_epoch bigint, p_term text, p_sequence bigint, p_request text,
                                   p_statement integer, p_left text)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM @schema@.fence_check(p_target, p_epoch, p_term, p_sequence);
    IF p_left = '' THEN
        DELETE FROM @schema@.progress
         WHERE target_id = p_target AND request = p_request AND statement = p_statement AND done_at IS NULL;
    ELSE
        UPDATE @schema@.progress SET made = p_left
         WHERE target_id = p_target AND request = p_request AND statement = p_statement AND done_at IS NULL;
    END IF;
END $$;
