-- @metadata {
--   "author": "pia",
--   "description": "create fees",
--   "breakingChange": false,
--   "estimatedDuration": 100,
--   "dataVolume": "small",
--   "risk": "low",
--   "tags": [],
--   "dependencies": [
--     "member:1.0.1"
--   ],
--   "affectedTables": [
--     "fees"
--   ]
-- }

-- UP
create table fees (
    id serial primary key,
    member bigint not null,
    year smallint not null check (year > 2000),
    cents integer not null,
    unique (member, year)
);

-- DOWN
drop table fees;
