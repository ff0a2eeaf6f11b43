-- @metadata {
--   "author": "pia",
--   "description": "concurrently",
--   "breakingChange": false,
--   "estimatedDuration": 100,
--   "dataVolume": "small",
--   "risk": "low",
--   "tags": [
--     "performance"
--   ]
-- }

-- UP
create index concurrently idx_fees_paid on fees (paid) where paid is null;

-- DOWN
drop index concurrently idx_fees_paid;
