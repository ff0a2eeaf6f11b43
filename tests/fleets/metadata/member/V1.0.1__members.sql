-- @metadata {
--   "author": "pia",
--   "description": "members",
--   "breakingChange": false,
--   "estimatedDuration": 100,
--   "dataVolume": "small",
--   "risk": "low",
--   "tags": [],
--   "dependencies": [
--     "1.0.0"
--   ],
--   "affectedTables": [
--     "members",
--     "clubs"
--   ]
-- }

-- UP
create table members (
    id bigint generated always as identity primary key,
    club_id uuid not null references clubs (id),
    name text not null,
    joined date not null default '2024-01-01'
);
create index idx_members_club_id on members (club_id);

-- DOWN
drop table members;
