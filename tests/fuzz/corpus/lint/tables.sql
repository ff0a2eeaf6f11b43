-- Migration: x
-- greylag:ignore table-copy, foreign-key-index: four rows
CREATE TABLE t (id bigserial PRIMARY KEY, a int NOT NULL REFERENCES o (id), b varchar(10)[], UNIQUE (a));
CREATE TABLE n (LIKE t INCLUDING ALL);
INSERT INTO n SELECT * FROM t JOIN o ON true;
ALTER TABLE t RENAME TO u; ALTER TABLE n RENAME TO t;
ALTER TABLE t ADD c uuid NOT NULL DEFAULT gen_random_uuid(), ALTER b TYPE text, DROP COLUMN a, VALIDATE CONSTRAINT x;
CREATE INDEX idx_t_c ON t (c, lower(b)) WHERE c IS NOT NULL;
TRUNCATE t; DELETE FROM o;
