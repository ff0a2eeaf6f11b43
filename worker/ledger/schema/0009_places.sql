-- One database has a text once, whatever it is called: what greylag's own record in it says under another service, target,
-- environment or fleet counts as another tool's record does.
--   place: where what names no schema takes effect, the first schema of the target's search_path. Targets of one place
--          are one database to their migrations; NULL until a worker has opened the target: it may be any place.
--   ran:   the digest of what ran, where names in the text were replaced; NULL: it ran as it is.
ALTER TABLE @schema@.target ADD COLUMN place text;
ALTER TABLE @schema@.applied ADD COLUMN ran text;
CREATE INDEX target_place ON @schema@.target (place);

-- What other targets of the same place hold; one row without a migration for one that holds nothing.
CREATE FUNCTION @schema@.others(p_target integer)
RETURNS TABLE (r_target integer, r_record text, r_migration text, r_checksum text, r_ran text, r_release text,
               r_position bigint) LANGUAGE sql STABLE AS $$
    SELECT t.id, pg_catalog.concat_ws('/', t.fleet, t.environment, t.service, t.target), a.migration, a.checksum, a.ran,
           a.release, a.position
      FROM @schema@.target mine
      JOIN @schema@.target t ON (t.place = mine.place OR t.place IS NULL) AND t.id <> mine.id
      LEFT JOIN @schema@.applied a ON a.target_id = t.id
     WHERE mine.id = p_target
$$;

-- Refuses texts that such a target holds. A release that brings one text under two services means it; p_ran: of one step,
-- whose names were replaced.
CREATE FUNCTION @schema@.refuse_known(p_target integer, p_release text, p_service text, p_checksums text[], p_ran text)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v record;
BEGIN
    SELECT o.* INTO v FROM @schema@.others(p_target) o
     WHERE ((o.r_ran IS NULL AND o.r_checksum = ANY (p_checksums)) OR o.r_ran = p_ran)
       AND (o.r_release <> p_release OR pg_catalog.split_part(o.r_record, '/', 3) = p_service)
     ORDER BY o.r_target, o.r_position LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'GL005', MESSAGE = pg_catalog.format(
            'this database''s own record has the same text applied as %s of %s: greylag import takes that over',
            v.r_migration, v.r_record);
    END IF;
END $$;

-- What is recorded under a new name was in effect under an old one, in the same transaction; `move`: and is not any more.
CREATE FUNCTION @schema@.take_over(p_target integer, p_how text, p_record text, p_migration text, p_checksum text)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_from integer;
    v_ran text;
BEGIN
    SELECT t.id, a.ran INTO v_from, v_ran
      FROM @schema@.target t
      JOIN @schema@.applied a ON a.target_id = t.id
     WHERE pg_catalog.concat_ws('/', t.fleet, t.environment, t.service, t.target) = p_record
       AND a.migration = p_migration AND a.checksum = p_checksum
       FOR UPDATE OF a;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'GL005', MESSAGE = pg_catalog.format(
            'greylag''s record %s does not say any more that %s is applied with this text', p_record, p_migration);
    END IF;
    IF p_how = 'move' THEN
        DELETE FROM @schema@.applied WHERE target_id = v_from AND migration = p_migration;
    END IF;
    PERFORM pg_catalog.set_config('greylag.found', pg_catalog.format('greylag %s %s', p_record, p_migration), true),
            pg_catalog.set_config('greylag.ran', coalesce(v_ran, ''), true);
END $$;
