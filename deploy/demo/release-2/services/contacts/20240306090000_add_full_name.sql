-- @metadata {
--   "author": "mira",
--   "description": "a full name for search, kept by the database",
--   "breakingChange": false,
--   "estimatedDuration": 500,
--   "dataVolume": "small",
--   "risk": "low",
--   "tags": [
--     "schema"
--   ],
--   "dependencies": [
--     "tenant:20240304090000"
--   ]
-- }

-- UP
ALTER TABLE contacts ADD COLUMN full_name text
    GENERATED ALWAYS AS (coalesce(first_name || ' ', '') || last_name) STORED;

CREATE INDEX idx_contacts_full_name ON contacts (lower(full_name));

-- DOWN
ALTER TABLE contacts DROP COLUMN full_name;
