-- @metadata {
--   "author": "pia",
--   "description": "visits",
--   "breakingChange": false,
--   "estimatedDuration": 100,
--   "dataVolume": "small",
--   "risk": "low",
--   "tags": []
-- }

-- UP
create table visits (
    member_id bigint not null references members (id) on delete cascade,
    day date not null,
    note jsonb not null default '{"why": "none; yet"}',
    primary key (member_id, day)
) partition by range (day);
create table visits_2024 partition of visits for values from ('2024-01-01') to ('2025-01-01');
create table visits_rest partition of visits default;

-- DOWN
drop table visits;
