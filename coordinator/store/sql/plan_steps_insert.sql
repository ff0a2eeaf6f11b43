INSERT INTO greylag.plan_steps (release, ordinal, target_ix, service, migration, name, direction, way_back, undoes,
                                undoes_release, on_failure, lock_timeout_ms, statement_timeout_ms, retries, needs, leaf,
                                file, down_file, recorded, in_history, kind, category, verify, earlier, earlier_request,
                                undo, placeholders, taken_from)
SELECT $1, o, ti, s, m, na, d, w, u, ur, f, lt, st, r, n, l, fi, df, rc, ih, k, ca, ve, ea, er, un, pl, tf
  FROM json_to_recordset($2::json)
       AS x(o int, ti int, s text, m text, na text, d text, w text, u text, ur text, f text, lt bigint, st bigint,
            r bigint, n int[], l text, fi text, df text, rc text, ih boolean, k text, ca text, ve text, ea text,
            er text, un int, pl text, tf text)
