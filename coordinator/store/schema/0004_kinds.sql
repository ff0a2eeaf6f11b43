-- Kinds of migrations. Of a step that is no plain versioned one: what it is, which other texts it needs (by digest), and of
-- a repeatable one the text to which its way back goes, with the request through which that text came into effect first.
-- `undo`: the ordinal of its undo, should a rollback add one.
ALTER TABLE greylag.plan_steps
    ADD COLUMN kind            text NOT NULL DEFAULT 'versioned',
    ADD COLUMN category        text NOT NULL DEFAULT '',
    ADD COLUMN verify          text NOT NULL DEFAULT '',
    ADD COLUMN earlier         text NOT NULL DEFAULT '',
    ADD COLUMN earlier_request text NOT NULL DEFAULT '',
    ADD COLUMN undo            int NOT NULL DEFAULT -1;
CREATE INDEX repeatable_steps ON greylag.plan_steps (release, ordinal) WHERE kind = 'repeatable';

-- The texts of repeatable migrations that are in effect, and those that were before them, as far as releases of this
-- control database brought them: depth 0 is what is in effect. A request is "release.ordinal.try"; a way back (an undo, or
-- a step down) brings the text of an earlier request into effect again.
CREATE VIEW greylag.applied_texts AS
WITH RECURSIVE brought AS (
    SELECT release || '.' || ordinal AS step, CASE direction WHEN 'down' THEN earlier_request ELSE '' END AS request
      FROM greylag.plan_steps WHERE kind = 'repeatable'
     UNION ALL
    SELECT release || '.' || undo, earlier_request
      FROM greylag.plan_steps WHERE kind = 'repeatable' AND direction = 'up'
), texts AS (
    SELECT a.service, a.target, a.migration, 0 AS depth, a.checksum, coalesce(nullif(b.request, ''), a.request) AS request
      FROM greylag.applied a
      JOIN brought b ON b.step = substring(a.request FROM '^[^.]+[.][0-9]+')
     UNION ALL
    SELECT t.service, t.target, t.migration, t.depth + 1, p.earlier, p.earlier_request
      FROM texts t
      JOIN greylag.plan_steps p ON p.release = split_part(t.request, '.', 1)
       AND p.ordinal = nullif(split_part(t.request, '.', 2), '')::int
     WHERE p.kind = 'repeatable' AND p.earlier <> '' AND t.depth < 1000
)
SELECT service, target, migration, depth, checksum, request, split_part(request, '.', 1) AS release,
       EXISTS (SELECT 1 FROM greylag.blobs b WHERE b.digest = texts.checksum) AS kept
  FROM texts;
