-- @metadata {
--   "author": "tomasz",
--   "description": "workflows that start when a deal changes its stage",
--   "breakingChange": false,
--   "estimatedDuration": 500,
--   "dataVolume": "small",
--   "risk": "low",
--   "tags": [
--     "schema",
--     "data"
--   ],
--   "dependencies": [
--     "deals:000003"
--   ]
-- }

-- UP
CREATE TABLE triggers (
    workflow_id uuid NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
    event       varchar(60) NOT NULL,
    filter      jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (workflow_id, event)
);

INSERT INTO workflows (id, tenant_id, name, definition, active)
VALUES ('f10e0000-0000-4000-8000-000000000001', '7b0c1de4-0000-4000-8000-000000000001', 'welcome-won-deal',
        '{"steps": [{"send": "mail", "template": "welcome"}]}', true);
INSERT INTO triggers (workflow_id, event, filter)
VALUES ('f10e0000-0000-4000-8000-000000000001', 'deal.stage-changed', '{"to": "won"}');

-- DOWN
DROP TABLE triggers;
DELETE FROM workflows WHERE id = 'f10e0000-0000-4000-8000-000000000001';
