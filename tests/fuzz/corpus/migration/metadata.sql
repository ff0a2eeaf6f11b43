0-- @metadata {
--   "author": "ann", "risk": "low", "tags": ["x"],
--   "dependencies": ["auth:1"], "breakingChange": false
-- }
-- Dependencies: auth:2, none
-- UP
CREATE TABLE a (id int);
-- DOWN
/* back */ DROP TABLE a;
