-- @metadata {
--   "author": "pia",
--   "description": "view",
--   "breakingChange": false,
--   "estimatedDuration": 100,
--   "dataVolume": "small",
--   "risk": "low",
--   "tags": []
-- }

-- UP
create view active_members as
select m.id, m.name, c.name as club
from members m
join clubs c on c.id = m.club_id
where m.status = 'active';

-- DOWN
drop view active_members;
