-- @metadata {
--   "author": "ines",
--   "description": "definitions of workflows, with versions",
--   "breakingChange": false,
--   "estimatedDuration": 500,
--   "dataVolume": "small",
--   "risk": "low",
--   "tags": [
--     "schema"
--   ]
-- }

-- UP
CREATE TABLE workflows (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id  uuid NOT NULL,
    name       varchar(120) NOT NULL,
    version    integer NOT NULL DEFAULT 1,
    definition jsonb NOT NULL,
    active     boolean NOT NULL DEFAULT false,
    UNIQUE (tenant_id, name, version)
);

-- DOWN
DROP TABLE workflows;
