-- @metadata {
--   "author": "ines",
--   "description": "runs of workflows and their steps",
--   "breakingChange": false,
--   "estimatedDuration": 500,
--   "dataVolume": "small",
--   "risk": "low",
--   "tags": [
--     "schema"
--   ]
-- }

-- UP
CREATE TABLE runs (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workflow_id uuid NOT NULL REFERENCES workflows (id),
    state       varchar(20) NOT NULL DEFAULT 'queued',
    started_at  timestamptz,
    ended_at    timestamptz
);

CREATE INDEX idx_runs_workflow_id ON runs (workflow_id);
CREATE INDEX idx_runs_queued ON runs (id) WHERE state = 'queued';

-- DOWN
DROP TABLE runs;
