-- migrate:up
-- Names of files are compared, as text: "_" comes after "0", and so 20230601 after 20230601000000.
update agents set away_until = date '2024-12-24' where id = 2;
-- migrate:down
update agents set away_until = null where id = 2;
