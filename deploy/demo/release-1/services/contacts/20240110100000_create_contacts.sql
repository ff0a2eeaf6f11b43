-- @metadata {
--   "author": "mira",
--   "description": "create contacts",
--   "breakingChange": false,
--   "estimatedDuration": 500,
--   "dataVolume": "small",
--   "risk": "low",
--   "tags": [
--     "schema"
--   ],
--   "dependencies": [
--     "tenant:20240108091500"
--   ]
-- }

-- UP
CREATE TABLE contacts (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id  uuid NOT NULL,
    first_name varchar(100),
    last_name  varchar(100) NOT NULL,
    email      varchar(255),
    phone      varchar(40),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX idx_contacts_tenant_id ON contacts (tenant_id);

-- DOWN
DROP TABLE contacts;
