-- The body of a DO block: finds a tool's table, makes it when it is missing, and runs statements on it, in the
-- transaction of a step. @...@ are literals that step.c puts in; @table@ and the like in the statements are put in
-- here.
DECLARE
    v_before text := pg_catalog.current_setting('search_path');
    v_strings text := pg_catalog.current_setting('standard_conforming_strings');
    v_path text := @path@;
    v_schema text := @schema_name@;
    v_table text := @table_name@;
    v_place oid;
    v_made oid;
    v_seen text[] := '{}';
    v_row record;
    v_statement text;
    v_found text;
    v_began timestamptz;
    v_ended timestamptz;
    v_called text := @tool@ || '''s record';
BEGIN
    IF @refused@ <> '' THEN -- known before anything is looked at
        RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = @refused@;
    END IF;
    IF v_path IS NULL THEN
        SET LOCAL search_path TO DEFAULT;
    ELSE
        PERFORM pg_catalog.set_config('search_path', v_path, true);
    END IF;
    v_place := pg_catalog.to_regclass(coalesce(pg_catalog.quote_ident(v_schema) || '.', '') ||
                                      pg_catalog.quote_ident(v_table));
    IF v_place IS NULL AND @guards@ THEN -- nobody has begun here
        PERFORM pg_catalog.set_config('search_path', v_before, true);
        RETURN;
    END IF;
    IF v_place IS NULL AND NOT @named@ THEN
        FOR v_row IN EXECUTE @find@ USING ARRAY[@tool@], ARRAY[@words@], ARRAY[@columns@],
                                               ARRAY[@table_name@] LOOP
            v_place := v_row.oid;
            v_seen := v_seen || (v_row.schema || '.' || v_row.name);
        END LOOP;
        SELECT c.oid INTO v_made
          FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = coalesce(v_schema, pg_catalog.current_schema()) AND c.relname = v_table;
        IF v_made IS NOT NULL THEN -- by somebody else, while the others were looked for
            v_place := v_made;
        ELSIF pg_catalog.cardinality(v_seen) > @checks@::int THEN
            -- the only one may be read; nothing is written that may be another service's
            RAISE EXCEPTION USING ERRCODE = '42P09', MESSAGE = 'there is no ' || v_table || ', but ' ||
                pg_catalog.array_to_string(v_seen, ', ') || ': say with history_table which it is';
        END IF;
    END IF;
    v_schema := coalesce(v_schema, pg_catalog.current_schema());
    IF v_place IS NULL AND @create@ IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'GL005',
            MESSAGE = v_called || ' is gone: there is no table ' || coalesce(v_schema || '.', '') || v_table;
    ELSIF v_place IS NULL AND v_schema IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '3F000', MESSAGE = 'no schema of the search_path exists';
    ELSIF v_place IS NULL THEN
        BEGIN
            EXECUTE pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(@create@,
                '@table@', pg_catalog.format('%I.%I', v_schema, v_table)),
                '@registry@', pg_catalog.quote_ident(v_schema)),
                '@name_pk@', pg_catalog.quote_ident(v_table || '_pk')),
                '@name_s_idx@', pg_catalog.quote_ident(v_table || '_s_idx'));
        EXCEPTION WHEN duplicate_table OR duplicate_object OR duplicate_schema OR unique_violation THEN
            NULL; -- somebody else has just made it; what this session remembers of names may not know it yet
        END;
        SELECT c.oid INTO v_place
          FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = v_schema AND c.relname = v_table;
    END IF;
    SELECT n.nspname, c.relname INTO STRICT v_schema, v_table
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.oid = v_place;
    v_called := v_called || ' ' || v_schema || '.' || v_table;
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true),
            pg_catalog.set_config('standard_conforming_strings', 'on', true);
    SELECT h.started_at, h.finished_at INTO v_began, v_ended -- when it took effect, which may be long ago
      FROM @ledger@.applied a
      JOIN @ledger@.history h ON h.target_id = a.target_id AND h.position = a.position
     WHERE a.target_id = @target@::int AND a.migration = @migration@;
    v_ended := coalesce(v_ended, pg_catalog.clock_timestamp());
    IF @lock@ THEN
        EXECUTE pg_catalog.format('LOCK TABLE %I.%I IN SHARE ROW EXCLUSIVE MODE', v_schema, v_table);
    END IF;
    FOREACH v_statement IN ARRAY @statements@ LOOP
        v_statement := pg_catalog.replace(pg_catalog.replace(v_statement,
                '@table@', pg_catalog.format('%I.%I', v_schema, v_table)),
                '@registry@', pg_catalog.quote_ident(v_schema));
        IF @checks@ THEN
            EXECUTE v_statement INTO v_found
              USING @version@, @name@, @script@, @checksum@, @kind@, @direction@, '0', @target@, @record@;
            IF @guards@ AND v_found IS NOT NULL THEN
                RAISE EXCEPTION USING ERRCODE = 'GL005', MESSAGE = v_called ||
                    ' says that it is applied, and nothing is on record here: greylag import takes that over';
            ELSIF @guards@ THEN
                CONTINUE;
            ELSIF v_found IS NULL THEN
                RAISE EXCEPTION USING ERRCODE = 'GL005',
                    MESSAGE = v_called || ' does not say any more that it is applied';
            END IF;
            PERFORM pg_catalog.set_config('greylag.found', @tool@ || ' ' || v_schema || '.' || v_table ||
                CASE WHEN v_found <> '' THEN ' checksum ' || v_found ELSE '' END, true);
        ELSE
            EXECUTE v_statement
              USING @version@, @name@, @script@, @checksum@, @kind@, @direction@,
                    least(pg_catalog.floor(pg_catalog.date_part('epoch', v_ended - coalesce(v_began, v_ended)) * 1000),
                          2147483647)::int::text, @target@, @record@, v_ended;
        END IF;
    END LOOP;
    PERFORM pg_catalog.set_config('search_path', v_before, true),
            pg_catalog.set_config('standard_conforming_strings', v_strings, true);
EXCEPTION WHEN OTHERS THEN
    IF SQLSTATE = 'GL005' THEN
        RAISE;
    ELSIF @guards@ AND SQLSTATE ~ '^(42|22)' AND SQLSTATE <> '42501' THEN
        RETURN; -- a table of that name which is not the tool's
    END IF;
    RAISE EXCEPTION USING ERRCODE = SQLSTATE, MESSAGE = v_called || ' cannot be ' ||
        CASE WHEN @checks@ THEN 'read' ELSE 'kept' END || ': ' ||
        CASE WHEN SQLSTATE = '23514' AND @tool@ = 'sqitch' -- dependencies_check
             THEN 'a change that this one requires is missing there; greylag repair writes it' ELSE SQLERRM END;
END
