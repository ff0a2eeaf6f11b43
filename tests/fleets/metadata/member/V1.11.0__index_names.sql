-- @metadata {
--   "author": "pia",
--   "description": "index names",
--   "breakingChange": false,
--   "estimatedDuration": 60000,
--   "dataVolume": "large",
--   "risk": "medium",
--   "tags": [
--     "performance"
--   ]
-- }

-- UP
create index concurrently idx_members_name on members (lower(name));

-- DOWN
drop index concurrently idx_members_name;
