-- liquibase-standard: MarkChangeSetRanGenerator.java. Liquibase fills in a checksum that is missing
-- (AbstractChangeLogHistoryService.java, upgradeChecksums). $1 is FILENAME::ID::AUTHOR, $9 JSON with comments,
-- contexts and labels, or ''.
INSERT INTO @table@
SELECT filled.*
  FROM (SELECT string_to_array($1::text, '::') AS parts, nullif($9::text, '')::jsonb AS more,
               (SELECT coalesce(max((to_jsonb(t) ->> 'orderexecuted')::int),
                                max((to_jsonb(t) ->> 'ORDEREXECUTED')::int), 0) FROM @table@ t) AS highest) given
 CROSS JOIN LATERAL (SELECT jsonb_build_object(
       'id', given.parts[cardinality(given.parts) - 1],
       'author', given.parts[cardinality(given.parts)],
       'filename', array_to_string(given.parts[1:cardinality(given.parts) - 2], '::'),
       'dateexecuted', $10::timestamptz::timestamp, 'orderexecuted', given.highest + 1, 'exectype', 'EXECUTED',
       'md5sum', nullif($4::text, ''), 'description', 'sql', 'liquibase', 'greylag',
       'comments', coalesce(given.more ->> 'comments', ''), 'contexts', given.more ->> 'contexts',
       'labels', given.more ->> 'labels',
       'deployment_id', right(floor(date_part('epoch', now()) * 1000)::bigint::text, 10)
       ) AS j) lower
 CROSS JOIN LATERAL (SELECT jsonb_object_agg(upper(e.key), e.value) AS j
                       FROM jsonb_each(lower.j) e) upper
 CROSS JOIN LATERAL jsonb_populate_record(NULL::@table@, lower.j || upper.j) filled
 WHERE NOT EXISTS (@check@)
