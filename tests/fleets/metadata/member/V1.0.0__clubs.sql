-- @metadata {
--   "author": "pia",
--   "description": "Clubs, the first of all",
--   "breakingChange": false,
--   "estimatedDuration": 100,
--   "dataVolume": "small",
--   "risk": "low",
--   "tags": [
--     "feature",
--     "core"
--   ],
--   "affectedTables": [
--     "clubs"
--   ]
-- }

-- UP
create table clubs (
    id uuid primary key,
    name text not null,
    town text
);

-- DOWN
drop table clubs;
