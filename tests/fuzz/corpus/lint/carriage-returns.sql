-- Migration: x-- Migration: -- Migration: x
-- ECT 0 -- Migration: x
-- ServicTE TABLE t (id bigseriaARY KEY, a loginockl PRIMARY KEY, a loginockD $int $;NO
VACUUM t;-- Rollback: x
DROP TABLE IF EX