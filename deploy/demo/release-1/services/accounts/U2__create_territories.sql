ALTER TABLE accounts DROP COLUMN territory_id;
DROP TABLE territories;
