-- The checksum of a change set whose text has changed: NULL, and Liquibase fills it in (as after `clear-checksums`).
WITH gone AS (
    DELETE FROM @table@ t
     WHERE EXISTS (SELECT
                     FROM (SELECT jsonb_object_agg(lower(e.key), e.value) AS j
                             FROM jsonb_each(to_jsonb(t)) e) l
                    WHERE concat(regexp_replace(l.j ->> 'filename', '^classpath:/*', ''), '::',
                                            l.j ->> 'id', '::', l.j ->> 'author') = $1::text)
    RETURNING to_jsonb(t) AS j
)
INSERT INTO @table@
SELECT filled.*
  FROM gone
 CROSS JOIN LATERAL jsonb_populate_record(NULL::@table@, gone.j ||
       jsonb_build_object('md5sum', nullif($4::text, ''), 'MD5SUM', nullif($4::text, ''))) filled
