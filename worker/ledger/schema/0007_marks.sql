-- A session is a part of what a statement means: each marker keeps what it held behind its statement, so that a new one
-- goes on only where that can be had again.
ALTER TABLE @schema@.progress ADD COLUMN IF NOT EXISTS session text NOT NULL DEFAULT '';

-- No view shows settings of an application's own ("app.user"): their names are looked for in the file (p_named) and in
-- functions that set something. Kept in the session, as "greylag.names", until it is made as new.
CREATE OR REPLACE FUNCTION @schema@.session_names(p_named text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_catalog.set_config('greylag.names', coalesce(pg_catalog.array_agg(DISTINCT listed.name)::text, '{}'), false)
       FROM (SELECT pg_catalog.lower(unnest(p_named))
              UNION ALL
             SELECT pg_catalog.lower(m.found[1])
               FROM pg_catalog.pg_proc p,
                    pg_catalog.regexp_matches(p.prosrc, '([a-z_][a-z0-9_$]*[.][a-z_][a-z0-9_$]*)', 'gi') AS m (found)
              WHERE p.oid >= 16384 AND p.prosrc ~* '(set_config|[[:<:]]set[[:>:]])') AS listed (name);
END $$;

-- One line for each thing that a session as new does not have; behind a tab what tells whether it is the same. Values are
-- not kept: they may be secret. "greylag.as" says which role the file had taken on. p_key: the target's own lock.
CREATE OR REPLACE FUNCTION @schema@.session_holds(p_key bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_temporary oid := pg_catalog.pg_my_temp_schema();
    v_holds text;
BEGIN
    SELECT coalesce(pg_catalog.string_agg(held.line, E'\n' ORDER BY held.line COLLATE "C"), '') INTO v_holds
      FROM (SELECT 'role ' || pg_catalog.current_setting('greylag.as', true)
             UNION ALL
            SELECT pg_catalog.concat('setting ', s.name, E'\t', pg_catalog.hashtextextended(s.setting, 0))
              FROM pg_catalog.pg_show_all_settings() s
             WHERE s.source = 'session' AND s.name NOT LIKE 'greylag.%' AND s.name NOT IN
                   ('synchronous_commit', 'transaction_isolation', 'transaction_read_only', 'transaction_deferrable')
             UNION ALL
            SELECT pg_catalog.concat('setting ', n.name, E'\t', pg_catalog.hashtextextended(s.value, 0))
              FROM pg_catalog.unnest(coalesce(nullif(pg_catalog.current_setting('greylag.names', true), ''), '{}')::text[])
                   AS n (name),
                   pg_catalog.current_setting(n.name, true) AS s (value)
             WHERE s.value <> '' AND n.name NOT LIKE 'greylag.%'
             UNION ALL
            SELECT 'temporary ' || CASE c.relkind WHEN 'v' THEN 'view ' WHEN 'S' THEN 'sequence ' WHEN 'i' THEN 'index '
                                                  WHEN 'c' THEN 'type ' ELSE 'table ' END || c.relname
              FROM pg_catalog.pg_class c
             WHERE v_temporary <> 0 AND c.relnamespace = v_temporary AND c.relkind <> 't'
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
    RETURN v_holds;
END $$;

CREATE OR REPLACE FUNCTION @schema@.mark_after(p_target integer, p_epoch bigint, p_term text, p_sequence bigint, p_request text,
                                    p_statement integer, p_key bigint)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_holds text := @schema@.session_holds(p_key);
BEGIN
    PERFORM @schema@.fence_check(p_target, p_epoch, p_term, p_sequence);
    INSERT INTO @schema@.progress (target_id, request, statement, made, found, done_at, session)
    VALUES (p_target, p_request, p_statement, '', '', pg_catalog.clock_timestamp(), v_holds)
    ON CONFLICT (target_id, request, statement) DO UPDATE SET done_at = excluded.done_at, session = excluded.session;
    RETURN v_holds;
END $$;

-- What the session holds now, behind the transaction that the marker was written in; noted there when it is another.
CREATE OR REPLACE FUNCTION @schema@.mark_session(p_target integer, p_epoch bigint, p_term text, p_sequence bigint, p_request text,
                                      p_statement integer, p_key bigint)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_holds text := @schema@.session_holds(p_key);
BEGIN
    PERFORM @schema@.fence_check(p_target, p_epoch, p_term, p_sequence);
    UPDATE @schema@.progress SET session = v_holds
     WHERE target_id = p_target AND request = p_request AND statement = p_statement AND session <> v_holds;
    RETURN v_holds;
END $$;
