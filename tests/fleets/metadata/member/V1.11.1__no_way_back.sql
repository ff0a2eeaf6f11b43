-- @metadata {
--   "author": "pia",
--   "description": "no way back",
--   "breakingChange": false,
--   "estimatedDuration": 100,
--   "dataVolume": "small",
--   "risk": "low",
--   "tags": []
-- }

-- UP
update members set name = btrim(name);
