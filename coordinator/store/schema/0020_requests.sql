-- Of a request ("release.ordinal.try") the ordinal; NULL: it has another form. What targets say of what they hold is
-- not all of our making, and one that says anything else hinders nobody.
CREATE FUNCTION greylag.ordinal_of(request text) RETURNS int LANGUAGE sql IMMUTABLE AS $$
    SELECT pg_catalog.substring(request, '^[^.]+[.]([0-9]{1,9})[.]')::int
$$;

CREATE OR REPLACE VIEW greylag.applied_texts AS
WITH RECURSIVE brought AS (
    SELECT release || '.' || ordinal AS step, CASE direction WHEN 'down' THEN earlier_request ELSE '' END AS request
      FROM greylag.plan_steps WHERE kind = 'repeatable'
     UNION ALL
    SELECT release || '.' || undo, earlier_request
      FROM greylag.plan_steps WHERE kind = 'repeatable' AND direction = 'up'
), texts AS (
    SELECT a.service, a.target, a.migration, 0 AS depth, a.checksum,
           coalesce(nullif(b.request, ''), a.request) AS request
      FROM greylag.applied a
      JOIN brought b ON b.step = substring(a.request FROM '^[^.]+[.][0-9]+')
     UNION ALL
    SELECT t.service, t.target, t.migration, t.depth + 1, p.earlier, p.earlier_request
      FROM texts t
      JOIN greylag.plan_steps p ON p.release = split_part(t.request, '.', 1)
       AND p.ordinal = greylag.ordinal_of(t.request)
     WHERE p.kind = 'repeatable' AND p.earlier <> '' AND t.depth < 1000
)
SELECT service, target, migration, depth, checksum, request, split_part(request, '.', 1) AS release,
       EXISTS (SELECT 1 FROM greylag.blobs b WHERE b.digest = texts.checksum) AS kept
  FROM texts;
