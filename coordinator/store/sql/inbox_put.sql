INSERT INTO greylag.inbox (event, release, service, target, request, migration, checksum, direction, kind, attempt,
                           position, sequence, started_us, finished_us, sqlstate, message, line, left_behind, detail,
                           worker, verdict, report_digest, said)
SELECT e, r, s, t, q, m, c, d, k, a, p, sq, su, fu, ss, ms, li, le, de, w, v, rd, sa
  FROM json_to_recordset($1::json)
       AS x(e text, r text, s text, t text, q text, m text, c text, d text, k text, a bigint, p bigint, sq bigint,
            su bigint, fu bigint, ss text, ms text, li bigint, le text, de text, w text, v text, rd text, sa jsonb)
ON CONFLICT DO NOTHING
