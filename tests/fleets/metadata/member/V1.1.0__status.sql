-- @metadata {
--   "author": "pia",
--   "description": "status",
--   "breakingChange": false,
--   "estimatedDuration": 1000,
--   "dataVolume": "medium",
--   "risk": "low",
--   "tags": [],
--   "dependencies": [
--     "1.0.1"
--   ],
--   "rollbackStrategy": "drop the column; the type after it"
-- }

-- UP
create type status as enum ('active', 'paused', 'left');
alter table members add column status status;
update members set status = 'active' where status is null;
alter table members alter column status set not null;
alter table members alter column status set default 'active';

-- DOWN
alter table members drop column status;
drop type status;
