-- @metadata {
--   "author": "pia",
--   "description": "due",
--   "breakingChange": false,
--   "estimatedDuration": 100,
--   "dataVolume": "small",
--   "risk": "low",
--   "tags": []
-- }

-- UP
create function due(wanted smallint) returns bigint language sql stable as 'select sum(cents) from fees where year = wanted';

-- DOWN
drop function due(smallint);
