-- @metadata {
--   "author": "pia",
--   "description": "visit rows",
--   "breakingChange": false,
--   "estimatedDuration": 100,
--   "dataVolume": "small",
--   "risk": "low",
--   "tags": []
-- }

-- UP
insert into visits (member_id, day) select id, date '2024-05-01' + n from members, generate_series(0, 2) n order by 1, 2;

-- DOWN
delete from visits;
