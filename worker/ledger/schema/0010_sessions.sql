-- What a file has connected to with dblink, which would keep its locks there. Only a superuser can make a function of
-- language C (13): that name is dblink's own. Called where a file may have done so; run as session_clean() is.
CREATE OR REPLACE PROCEDURE @schema@.session_unlink() LANGUAGE plpgsql AS $$
DECLARE
    v_schema text;
BEGIN
    FOR v_schema IN SELECT p.pronamespace::pg_catalog.regnamespace::text FROM pg_catalog.pg_proc p
                     WHERE p.proname = 'dblink_get_connections' AND p.prolang = 13 LOOP
        EXECUTE pg_catalog.format('SELECT %1$s.dblink_disconnect(c) '
                                  'FROM pg_catalog.unnest(%1$s.dblink_get_connections()) c', v_schema);
        BEGIN
            EXECUTE pg_catalog.format('SELECT %1$s.dblink_disconnect()', v_schema); -- the one without a name
        EXCEPTION WHEN connection_does_not_exist THEN
            NULL;
        END;
    END LOOP;
END $$;

-- As in 0007_marks.sql; and what the file has set for its role or database, which a new session begins with and the old
-- one did not have; types; and connections of dblink.
CREATE OR REPLACE FUNCTION @schema@.session_holds(p_key bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_temporary oid := pg_catalog.pg_my_temp_schema();
    v_holds text;
    v_name text;
    v_links text;
BEGIN
    SELECT coalesce(pg_catalog.string_agg(held.line, E'\n' ORDER BY held.line COLLATE "C"), '') INTO v_holds
      FROM (SELECT 'role ' || pg_catalog.current_setting('greylag.as', true)
             UNION ALL
            SELECT pg_catalog.concat('setting ', s.name, E'\t', pg_catalog.hashtextextended(s.setting, 0))
              FROM pg_catalog.pg_show_all_settings() s
             WHERE s.source IN ('session', 'database', 'user', 'database user') AND s.name NOT LIKE 'greylag.%'
               AND s.name NOT IN ('synchronous_commit', 'transaction_isolation', 'transaction_read_only',
                                  'transaction_deferrable')
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
