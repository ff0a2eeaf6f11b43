-- @metadata {
--   "author": "okan",
--   "description": "find contacts by e-mail without blocking writers",
--   "breakingChange": false,
--   "estimatedDuration": 500,
--   "dataVolume": "small",
--   "risk": "low",
--   "tags": [
--     "performance"
--   ]
-- }

-- UP
CREATE INDEX CONCURRENTLY idx_contacts_email ON contacts (lower(email));

-- DOWN
DROP INDEX CONCURRENTLY idx_contacts_email;
