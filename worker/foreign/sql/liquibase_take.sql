-- liquibase-standard: RemoveChangeSetRanStatusGenerator.java
DELETE FROM @table@ t
 WHERE EXISTS (SELECT
                 FROM (SELECT jsonb_object_agg(lower(e.key), e.value) AS j
                         FROM jsonb_each(to_jsonb(t)) e) l
                WHERE concat(regexp_replace(l.j ->> 'filename', '^classpath:/*', ''), '::',
                                        l.j ->> 'id', '::', l.j ->> 'author') = $1::text)
