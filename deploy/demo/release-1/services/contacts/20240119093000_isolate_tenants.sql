-- @metadata {
--   "author": "okan",
--   "description": "row-level security: a tenant sees its own contacts",
--   "breakingChange": false,
--   "estimatedDuration": 500,
--   "dataVolume": "small",
--   "risk": "medium",
--   "tags": [
--     "security"
--   ]
-- }

-- UP
ALTER TABLE contacts ENABLE ROW LEVEL SECURITY;

CREATE POLICY contacts_tenant_isolation ON contacts
    USING (tenant_id = nullif(current_setting('crm.tenant_id', true), '')::uuid);

-- DOWN
DROP POLICY contacts_tenant_isolation ON contacts;
ALTER TABLE contacts DISABLE ROW LEVEL SECURITY;
