-- @metadata {
--   "author": "pia",
--   "description": "comments",
--   "breakingChange": false,
--   "estimatedDuration": 100,
--   "dataVolume": "small",
--   "risk": "low",
--   "tags": []
-- }

-- UP
comment on table fees is 'in cents; never in euros';
comment on schema reports is '-- UP and -- DOWN';

-- DOWN
comment on table fees is null;
comment on schema reports is null;
