-- @metadata {
--   "author": "pia",
--   "description": "1.10 comes after 1.2: «numbers»",
--   "breakingChange": false,
--   "estimatedDuration": 100,
--   "dataVolume": "small",
--   "risk": "low",
--   "tags": []
-- }

-- UP
insert into clubs values
    ('00000000-0000-4000-8000-00000000000a', 'Chess; go', 'Kraków'),
    ('00000000-0000-4000-8000-00000000000b', 'Rowing ''09', null);
insert into members (club_id, name) select id, 'of ' || name from clubs order by id;

-- DOWN
truncate members, clubs restart identity;
