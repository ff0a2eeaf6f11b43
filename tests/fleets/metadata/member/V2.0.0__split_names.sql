-- @metadata {
--   "author": "pia",
--   "description": "split names",
--   "breakingChange": true,
--   "estimatedDuration": 100,
--   "dataVolume": "small",
--   "risk": "high",
--   "tags": [
--     "breaking"
--   ],
--   "requiresDowntime": true,
--   "dependencies": [
--     "1.12.0",
--     "1.11.1"
--   ]
-- }

-- UP
alter table members add column given text, add column family text;
update members set given = split_part(name, ' ', 1), family = nullif(split_part(name, ' ', 2), '');
drop view active_members;
alter table members drop column name;
create view active_members as select id, given, family from members where status = 'active';

-- DOWN
drop view active_members;
alter table members add column name text;
update members set name = concat_ws(' ', given, family);
alter table members alter column name set not null;
create index idx_members_name on members (lower(name));
alter table members drop column given, drop column family;
create view active_members as
select m.id, m.name, c.name as club
from members m
join clubs c on c.id = m.club_id
where m.status = 'active';
