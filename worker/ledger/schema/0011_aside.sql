-- What a file has set is put aside while greylag's own statements run behind it: names and operators are PostgreSQL's,
-- the limits are those of the request, and the commit waits for the disk. For the rest of the transaction; run as the
-- session's own role. This one is compiled under the file's search_path: it has no variables, and its operator is named
-- with its schema.
CREATE OR REPLACE PROCEDURE @schema@.session_aside(p_lock_timeout text, p_statement_timeout text)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_catalog.set_config('greylag.aside', pg_catalog.current_setting('search_path'), true),
            pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true),
            pg_catalog.set_config('lock_timeout', p_lock_timeout, true),
            pg_catalog.set_config('statement_timeout', p_statement_timeout, true);
    -- what it is by default may have changed since the session began: pg_reload_conf()
    IF pg_catalog.current_setting('synchronous_commit') OPERATOR(pg_catalog.=) 'off' THEN
        PERFORM pg_catalog.set_config('synchronous_commit', 'on', true);
    END IF;
END $$;

-- The file's search_path again: a verify script is written for it, and so are deferred triggers, which COMMIT runs.
CREATE OR REPLACE PROCEDURE @schema@.session_back() LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_catalog.set_config('search_path', pg_catalog.current_setting('greylag.aside'), true);
END $$;

-- As in 0005_clean.sql; and the replication origin, whose changes subscribers may leave out, and which nobody else can
-- take; and temporary replication slots, which keep the server's log. Who may not ask for an origin has none.
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
    IF @schema@.session_origin() THEN
        PERFORM pg_catalog.pg_replication_origin_session_reset();
    END IF;
    FOR v_name IN SELECT s.slot_name FROM pg_catalog.pg_get_replication_slots() s
                   WHERE s.temporary AND s.active_pid = pg_catalog.pg_backend_pid() LOOP
        PERFORM pg_catalog.pg_drop_replication_slot(v_name);
    END LOOP;
    EXECUTE 'CLOSE ALL';
    UNLISTEN *;
    DISCARD TEMP;
    DISCARD SEQUENCES;
    RESET ALL;
END $$;

-- Before PostgreSQL 14 everybody has the right to call it, and it refuses all but superusers.
CREATE OR REPLACE FUNCTION @schema@.session_origin() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF pg_catalog.has_function_privilege('pg_catalog.pg_replication_origin_session_is_setup()', 'EXECUTE')
       AND (pg_catalog.current_setting('server_version_num')::integer >= 140000
            OR pg_catalog.current_setting('is_superuser') = 'on') THEN
        RETURN pg_catalog.pg_replication_origin_session_is_setup();
    END IF;
    RETURN false;
END $$;

-- As in 0010_sessions.sql, but for settings that PostgreSQL knows: those are looked at before they are put aside
-- (p_settings, sql/settings.sql).
CREATE OR REPLACE FUNCTION @schema@.session_holds(p_key bigint, p_settings text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_temporary oid := pg_catalog.pg_my_temp_schema();
    v_holds text;
    v_name text;
    v_links text;
BEGIN
    SELECT coalesce(pg_catalog.string_agg(held.line, E'\n' ORDER BY held.line COLLATE "C"), '') INTO v_holds
      FROM (SELECT 'role ' || pg_catalog.current_setting('greylag.as', true)
             UNION ALL
            SELECT pg_catalog.unnest(pg_catalog.string_to_array(nullif(p_settings, ''), E'\n'))
             UNION ALL
            SELECT pg_catalog.concat('setting ', n.name, E'\t', pg_catalog.hashtextextended(s.value, 0))
              FROM pg_catalog.unnest(coalesce(nullif(pg_catalog.current_setting('greylag.names', true), ''),
                                              '{}')::text[]) AS n (name),
                   pg_catalog.current_setting(n.name, true) AS s (value)
             WHERE s.value <> '' AND n.name NOT LIKE 'greylag.%'
             UNION ALL
            SELECT 'temporary ' || CASE c.relkind WHEN 'v' THEN 'view ' WHEN 'S' THEN 'sequence ' WHEN 'i' THEN 'index '
                                                  WHEN 'c' THEN 'type ' ELSE 'table ' END || c.relname
              FROM pg_catalog.pg_class c
             WHERE v_temporary <> 0 AND c.relnamespace = v_temporary AND c.relkind <> 't'
             UNION ALL
            SELECT 'temporary type ' || t.typname
              FROM pg_catalog.pg_type t
             WHERE v_temporary <> 0 AND t.typnamespace = v_temporary AND t.typrelid = 0 AND t.typelem = 0
             UNION ALL
            SELECT 'temporary function ' || p.proname
              FROM pg_catalog.pg_proc p
             WHERE v_temporary <> 0 AND p.pronamespace = v_temporary
             UNION ALL
            SELECT 'prepared statement ' || p.name FROM pg_catalog.pg_prepared_statement() p WHERE p.from_sql
             UNION ALL
            SELECT 'cursor ' || c.name FROM pg_catalog.pg_cursor() c WHERE c.is_holdable
             UNION ALL
            SELECT 'channel ' || l.name FROM pg_catalog.pg_listening_channels() AS l (name)
             UNION ALL
            SELECT 'replication origin' WHERE @schema@.session_origin()
             UNION ALL
            SELECT 'temporary replication slot ' || s.slot_name
              FROM pg_catalog.pg_get_replication_slots() s
             WHERE s.temporary AND s.active_pid = pg_catalog.pg_backend_pid()
             UNION ALL
            SELECT pg_catalog.concat('advisory lock ', l.classid, ' ', l.objid, ' ', l.objsubid, ' ', l.mode)
              FROM pg_catalog.pg_lock_status() l
             WHERE l.locktype = 'advisory' AND l.pid = pg_catalog.pg_backend_pid()
               AND NOT (l.objsubid = 1 AND l.classid::bigint = (p_key >> 32) & 4294967295
                        AND l.objid::bigint = p_key & 4294967295)
           ) AS held (line);
    FOR v_name IN SELECT p.pronamespace::pg_catalog.regnamespace::text FROM pg_catalog.pg_proc p
                   WHERE p.proname = 'dblink_get_connections' AND p.prolang = 13 LOOP
        EXECUTE pg_catalog.format(
                    'SELECT pg_catalog.string_agg(pg_catalog.chr(10) || ''dblink connection '' || c, '''') '
                    'FROM (SELECT c FROM pg_catalog.unnest(%s.dblink_get_connections()) c '
                          'ORDER BY c COLLATE "C") c', v_name) INTO v_links;
        v_holds := v_holds || coalesce(v_links, '');
    END LOOP;
    RETURN v_holds;
END $$;

-- A statement that shares its transaction with its marker takes effect once, whoever else has come to hold the target.
CREATE OR REPLACE FUNCTION @schema@.mark_after(p_target integer, p_epoch bigint, p_term text, p_sequence bigint,
                                               p_request text, p_statement integer, p_key bigint, p_settings text)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_holds text := @schema@.session_holds(p_key, p_settings);
BEGIN
    PERFORM @schema@.fence_check(p_target, p_epoch, p_term, p_sequence);
    INSERT INTO @schema@.progress AS p (target_id, request, statement, made, found, done_at, session)
    VALUES (p_target, p_request, p_statement, '', '', pg_catalog.clock_timestamp(), v_holds)
    ON CONFLICT (target_id, request, statement) DO UPDATE SET done_at = excluded.done_at, session = excluded.session
     WHERE p.done_at IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'GL001', MESSAGE = 'greylag: another worker has done this statement';
    END IF;
    RETURN v_holds;
END $$;

-- What the session holds now, behind the transaction that the marker was written in; noted there when it is another.
CREATE OR REPLACE FUNCTION @schema@.mark_session(p_target integer, p_epoch bigint, p_term text, p_sequence bigint,
                                                 p_request text, p_statement integer, p_key bigint, p_settings text)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_holds text := @schema@.session_holds(p_key, p_settings);
BEGIN
    PERFORM @schema@.fence_check(p_target, p_epoch, p_term, p_sequence);
    UPDATE @schema@.progress SET session = v_holds
     WHERE target_id = p_target AND request = p_request AND statement = p_statement AND session <> v_holds;
    RETURN v_holds;
END $$;
