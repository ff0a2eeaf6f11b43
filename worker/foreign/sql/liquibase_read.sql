-- liquibase-standard: StandardChangeLogHistoryService.java. Column names in either case. SKIPPED is not in effect; a
-- row of `liquibase tag` is no change set.
SELECT c.version, coalesce(c.j ->> 'id', '') AS name, coalesce(c.j ->> 'filename', '') AS script,
       coalesce(c.j ->> 'md5sum', '') AS checksum,
       CASE WHEN c.j ->> 'exectype' IN ('EXECUTED', 'RERAN', 'MARK_RAN') THEN 'applied' ELSE 'failed' END AS state,
       row_number() OVER (ORDER BY c.j ->> 'dateexecuted', (c.j ->> 'orderexecuted')::numeric) AS place
  FROM (SELECT l.j, concat(regexp_replace(l.j ->> 'filename', '^classpath:/*', ''), '::', l.j ->> 'id',
                                      '::', l.j ->> 'author') AS version
          FROM @table@ t
         CROSS JOIN LATERAL (SELECT jsonb_object_agg(lower(e.key), e.value) AS j
                               FROM jsonb_each(to_jsonb(t)) e) l) c
 WHERE c.j ->> 'exectype' IS DISTINCT FROM 'SKIPPED' AND c.j ->> 'filename' IS DISTINCT FROM 'liquibase-internal'
